import { testExamples } from './tools/examples.js';
import { inForm } from './tools/form.js';

testExamples('examples-reports', 1e-12, inForm(1, 3));
