import { Command, Option } from 'commander';
import { createKey, type Key, listKeys, type Permission, permissions, revokeKey } from '../auth/keys.js';
import { readConfig } from '../config.js';
import type { Database } from '../database/database.js';
import { openDatabase } from './open.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface CreateOptions {
  account: string;
  name: string;
  permission: Permission[];
  team?: string[];
  bot?: string[];
  json?: true;
}

/** `keys create`, `keys list` and `keys revoke`: they work while the service runs. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('make, list and end the keys that clients use');

  keys
    .command('create')
    .description('make a key and print it; its secret cannot be shown again')
    .requiredOption('--account <uuid>', 'account that it belongs to; a new one is made')
    .option('--name <name>', 'what it is for', '')
    .addOption(
      new Option(
        '--permission <permission...>',
        'what it may do: read reports, write events, or admin (both, and more)',
      )
        .choices(permissions)
        .default(['read']),
    )
    .option('--team <id...>', 'only conversations of these teams')
    .option('--bot <id...>', 'only conversations of these bots')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  conversation-reports keys create --account 8a6e0804-2bd0-4672-b79d-d97027f9071a --name dashboard
  conversation-reports keys create --account 8a6e0804-2bd0-4672-b79d-d97027f9071a --permission write --bot shop`,
    )
    .action(async (options: CreateOptions) => {
      if (!UUID.test(options.account))
        throw new Error(`--account ${options.account} is not a uuid such as 8a6e0804-2bd0-4672-b79d-d97027f9071a`);
      const made = await withDatabase((db) =>
        createKey(db, {
          account_id: options.account.toLowerCase(),
          name: options.name,
          permissions: [...new Set(options.permission)],
          team_ids: options.team ?? null,
          bot_ids: options.bot ?? null,
        }),
      );
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ account_id: options.account.toLowerCase(), ...made })}\n`
          : `${made.key_id}:${made.secret}\n\nFor Basic auth this is user:password; for Bearer, Token and apikey put a point for the colon.\nThe secret cannot be shown again.\n`,
      );
    });

  keys
    .command('list')
    .description('list the keys, without their secrets')
    .option('--account <uuid>', 'only those of one account')
    .option('--json', 'print JSON')
    .action(async ({ account, json }: { account?: string; json?: true }) => {
      if (account !== undefined && !UUID.test(account)) throw new Error(`--account ${account} is not a uuid`);
      const found = await withDatabase((db) => listKeys(db, account));
      process.stdout.write(json ? `${JSON.stringify(found)}\n` : found.map(describe).join(''));
    });

  keys
    .command('revoke')
    .description('end a key; services refuse it within 30 seconds')
    .argument('<key_id>', 'the part of the key before the colon')
    .action(async (id: string) => {
      if (!(await withDatabase((db) => revokeKey(db, id))))
        throw new Error(`there is no key ${id} that is not revoked already`);
      process.stdout.write(`revoked ${id}\n`);
    });

  return keys;
}

async function withDatabase<Result>(work: (db: Database) => Promise<Result>): Promise<Result> {
  const opened = await openDatabase(readConfig(process.env), 'tool');
  try {
    return await work(opened.db);
  } finally {
    await opened.close();
  }
}

function describe(key: Key): string {
  const reach = [
    ...(key.team_ids === null ? [] : [`teams ${key.team_ids.join(', ')}`]),
    ...(key.bot_ids === null ? [] : [`bots ${key.bot_ids.join(', ')}`]),
  ].join('; ');
  const parts = [key.key_id, key.account_id, key.permissions.join(','), reach || 'all conversations'];
  if (key.revoked_at !== null) parts.push(`revoked ${key.revoked_at}`);
  if (key.name !== '') parts.push(key.name);
  return `${parts.join('  ')}\n`;
}
