import { testExamples } from './tools/examples.js';

testExamples('examples');
