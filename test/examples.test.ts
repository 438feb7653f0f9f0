import { testExamples } from './tools/examples.js';

testExamples('examples', 1e-14);
