import { signal } from '@preact/signals';
import { ask } from './api.js';
import { get } from './request.js';
import type { Bot, Team } from './types.js';

/** The account's bots and teams, for the controls; asked once a session. */
export const bots = signal<Bot[]>([]);
export const teams = signal<Team[]>([]);

/** Asks for them. A page works without: then only what its address names can be chosen. */
export async function loadLookups(signal: AbortSignal): Promise<void> {
  const [found, named] = await Promise.all([
    ask<{ bots: Bot[] }>(get('/v1/bots'), signal),
    ask<{ teams: Team[] }>(get('/v1/teams'), signal),
  ]);
  bots.value = found.bots;
  teams.value = named.teams;
}
