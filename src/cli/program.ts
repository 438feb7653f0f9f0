import { Command } from 'commander';
import { version } from '../root.js';
import { backupCommand } from './backup.js';
import { demoCommand } from './demo/command.js';
import { distributeCommand } from './distribute.js';
import { doctorCommand } from './doctor.js';
import { importCommand } from './import/command.js';
import { keysCommand } from './keys.js';
import { migrateCommand } from './migrate.js';
import { rebuildCommand } from './rebuild.js';
import { restoreCommand } from './restore.js';
import { serveCommand } from './serve.js';
import { onSignals } from './signals.js';

/** The commands of the program. */
export const program = new Command('conversation-reports')
  .description(
    'Reports on chatbot and live-chat conversations: send events in, get time series, queries and transcripts out',
  )
  .version(version)
  .addCommand(serveCommand())
  .addCommand(migrateCommand())
  .addCommand(rebuildCommand())
  .addCommand(distributeCommand())
  .addCommand(keysCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(importCommand())
  .addCommand(demoCommand())
  .addCommand(doctorCommand())
  .hook('preAction', (_program, command) => {
    if (!['serve', 'demo'].includes(command.name())) onSignals(); // these handle them themselves
  });
