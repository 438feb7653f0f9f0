import { stop } from './database.js';

stop();
