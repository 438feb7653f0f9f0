import { useState } from 'preact/hooks';
import { ask } from '../api.js';
import { moment } from '../format.js';
import { useAnswer } from '../load.js';
import { bots, teams } from '../lookups.js';
import { Choice } from '../parts/choice.js';
import { Copyable } from '../parts/copyable.js';
import { Panel } from '../parts/panel.js';
import { Scroller } from '../parts/scroller.js';
import { Twice } from '../parts/twice.js';
import { get } from '../request.js';
import { me } from '../session.js';
import type { Key, Permission } from '../types.js';

const request = get('/v1/keys');

/** The keys within the reach of this one, and a form for another. */
export function Keys() {
  const loaded = useAnswer<{ keys: Key[] }>(request);
  const [fault, setFault] = useState('');
  const revoke = (id: string) => {
    setFault('');
    ask({ method: 'DELETE', path: `/v1/keys/${encodeURIComponent(id)}` }).then(loaded.retry, (error: Error) =>
      setFault(error.message),
    );
  };
  return (
    <Panel title="Keys" isWide loaded={loaded} requests={[request]} hasCsv={false}>
      {({ keys }) => (
        <>
          <p role="alert" class="fault">
            {fault}
          </p>
          <Scroller label="Keys">
            <table class="data">
              <thead>
                <tr>
                  {['Name', 'Key', 'May', 'Sees', 'Made', ''].map((label) => (
                    <th key={label} scope="col">
                      {label || <span class="hidden">Revoke</span>}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {keys.map((key) => (
                  <tr key={key.key_id}>
                    <th scope="row">{key.name || '–'}</th>
                    <td>{key.key_id}</td>
                    <td>{key.permissions.join(', ')}</td>
                    <td>{reachOf(key)}</td>
                    <td>{moment(key.created_at)}</td>
                    <td class="number">
                      <State of={key} revoke={() => revoke(key.key_id)} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroller>
          <NewKey made={loaded.retry} />
        </>
      )}
    </Panel>
  );
}

function State({ of, revoke }: { of: Key; revoke: () => void }) {
  if (of.revoked_at !== null) return <>revoked {moment(of.revoked_at)}</>;
  if (of.key_id === me.value?.key_id) return <>this one</>;
  return <Twice label="Revoke" of={of.name || of.key_id} act={revoke} />;
}

function reachOf({ bot_ids, team_ids }: Pick<Key, 'bot_ids' | 'team_ids'>): string {
  const parts = [bot_ids && `bots ${bot_ids.join(', ')}`, team_ids && `teams ${team_ids.join(', ')}`].filter(Boolean);
  return parts.join('; ') || 'everything';
}

const meanings: Record<Permission, string> = {
  read: 'read reports',
  write: 'send events',
  admin: 'all, and make keys',
};

/** Makes a key and shows it, this once. */
function NewKey({ made }: { made: () => void }) {
  const [name, setName] = useState('');
  const [permission, setPermission] = useState<Permission>('read');
  const [bot, setBot] = useState('');
  const [team, setTeam] = useState('');
  const [key, setKey] = useState('');
  const [fault, setFault] = useState('');
  const make = (event: Event) => {
    event.preventDefault();
    setFault('');
    const body = {
      name,
      permissions: [permission],
      ...(bot ? { bot_ids: [bot] } : {}),
      ...(team ? { team_ids: [team] } : {}),
    };
    ask<{ key: string }>({ method: 'POST', path: '/v1/keys', body }).then(
      (answer) => {
        setKey(answer.key);
        setName('');
        made();
      },
      (error: Error) => setFault(error.message),
    );
  };
  return (
    <>
      <form class="controls new" onSubmit={make} aria-label="Another key">
        <label>
          Name
          <input value={name} maxLength={200} required onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <Choice
          label="May"
          value={permission}
          options={Object.keys(meanings)}
          name={(one) => meanings[one as Permission]}
          set={(one) => setPermission(one as Permission)}
        />
        <Choice
          label="Sees"
          value={bot}
          none="All bots"
          options={bots.value.map(({ bot_id }) => bot_id)}
          set={setBot}
        />
        <Choice
          label="and"
          value={team}
          none="All teams"
          options={teams.value.map(({ team_id }) => team_id)}
          set={setTeam}
        />
        <button type="submit" class="primary">
          Make a key
        </button>
      </form>
      <p role="alert" class="fault">
        {fault}
      </p>
      {key && (
        <>
          <Copyable label="The new key" text={key} />
          <p class="hint">Keep it now: it cannot be shown again.</p>
        </>
      )}
    </>
  );
}
