#!/usr/bin/env node
import { Command } from 'commander';
import { importCommand } from './cli/import/command.js';
import { keysCommand } from './cli/keys.js';
import { migrateCommand } from './cli/migrate.js';
import { rebuildCommand } from './cli/rebuild.js';
import { serveCommand } from './cli/serve.js';
import { version } from './root.js';

const program = new Command('conversation-reports')
  .description('Reports on chatbot and live-chat conversations: events in; time series, queries and transcripts out')
  .version(version)
  .addCommand(serveCommand())
  .addCommand(migrateCommand())
  .addCommand(rebuildCommand())
  .addCommand(keysCommand())
  .addCommand(importCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
