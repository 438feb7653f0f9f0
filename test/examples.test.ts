import { testExamples } from './tools/examples.js';
import { inForm } from './tools/form.js';

testExamples('examples', 1e-14, inForm(1, 3));
