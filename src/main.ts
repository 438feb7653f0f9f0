#!/usr/bin/env node
import './cli/signals.js'; // before everything else

try {
  const { program } = await import('./cli/program.js');
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
