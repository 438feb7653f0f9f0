import { testExamples } from './tools/examples.js';

testExamples('examples-reports', 1e-12);
