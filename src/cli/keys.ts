import { randomUUID } from 'node:crypto';
import { Command, Option } from 'commander';
import { createKey, type Key, listAccounts, listKeys, type Permission, permissions, revokeKey } from '../auth/keys.js';
import { readConfig } from '../config.js';
import type { Database } from '../database/database.js';
import { UUID } from '../queries/accounts.js';
import { openDatabase, type Role } from './open.js';

interface CreateOptions {
  account?: string;
  newAccount?: true;
  name: string;
  permission: Permission[];
  team?: string[];
  bot?: string[];
  json?: true;
}

/** `keys create`, `keys list` and `keys revoke`. They also work while the service runs. */
export function keysCommand(print: (text: string) => void = (text) => process.stdout.write(text)): Command {
  const keys = new Command('keys').description('create, list and revoke the keys of clients');

  keys
    .command('create')
    .description('create a key and print it; its secret cannot be shown again')
    .option('--account <uuid>', 'account of the key; default: the only account')
    .option('--new-account', 'create the account, with the id of --account or a new one')
    .option('--name <name>', 'description of the key', '')
    .addOption(
      new Option('--permission <permission...>', 'permissions: read reports, write events, or admin (both, and more)')
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
  conversation-reports keys create --name dashboard --permission read
  conversation-reports keys create --account 8a6e0804-2bd0-4672-b79d-d97027f9071a --permission write --bot shop
  conversation-reports keys create --new-account --permission admin`,
    )
    .action(async (options: CreateOptions) => {
      checkUuid(options.account);
      const made = await withDatabase(options.newAccount ? 'tool' : 'reader', async (db) => {
        const account_id = await accountOf(db, options);
        const key = await createKey(
          db,
          {
            account_id,
            name: options.name,
            permissions: [...new Set(options.permission)],
            team_ids: options.team ?? null,
            bot_ids: options.bot ?? null,
          },
          { by: 'command' },
        );
        return { account_id, ...key };
      });
      print(
        options.json
          ? `${JSON.stringify(made)}\n`
          : `${made.key_id}:${made.secret}\n\nFor Basic auth this is user:password; Bearer, Token and apikey take it as it is.\nAccount ${made.account_id}. The secret cannot be shown again.\n`,
      );
    });

  keys
    .command('list')
    .description('list the keys, without their secrets')
    .option('--account <uuid>', 'only those of one account')
    .option('--json', 'print JSON')
    .action(async ({ account, json }: { account?: string; json?: true }) => {
      checkUuid(account);
      const found = await withDatabase('reader', (db) => listKeys(db, account));
      const lines = found.length === 0 ? 'there are no keys\n' : found.map(describe).join('');
      print(json ? `${JSON.stringify(found)}\n` : lines);
    });

  keys
    .command('revoke')
    .description('revoke a key; services refuse it within 30 seconds')
    .argument('<key_id>', 'the part of the key before the colon')
    .action(async (id: string) => {
      if (!(await withDatabase('reader', (db) => revokeKey(db, id, { by: 'command' }))))
        throw new Error(`there is no active key ${id}`);
      print(`revoked ${id}\n`);
    });

  return keys;
}

function checkUuid(account: string | undefined): void {
  if (account !== undefined && !UUID.test(account))
    throw new Error(`--account ${account} is not a UUID such as 8a6e0804-2bd0-4672-b79d-d97027f9071a`);
}

/** The account of a new key: the given one, the only one, or a new one if requested. */
async function accountOf(db: Database, { account, newAccount }: CreateOptions): Promise<string> {
  if (newAccount) return account?.toLowerCase() ?? randomUUID();
  const accounts = await listAccounts(db);
  const there = accounts.length === 0 ? 'there is no account yet' : `the accounts are ${accounts.join(', ')}`;
  if (account !== undefined) {
    if (accounts.includes(account.toLowerCase())) return account.toLowerCase();
    throw new Error(`there is no account ${account}: ${there}; --new-account creates it`);
  }
  const [only, ...more] = accounts;
  if (only === undefined) throw new Error(`${there}: --new-account creates one`);
  if (more.length > 0) throw new Error(`choose an account with --account: ${there}`);
  return only;
}

async function withDatabase<Result>(role: Role, work: (db: Database) => Promise<Result>): Promise<Result> {
  const opened = await openDatabase(readConfig(process.env), role);
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
