import { useState } from 'preact/hooks';
import { ask } from '../api.js';
import { moment } from '../format.js';
import { useAnswer } from '../load.js';
import { Panel } from '../parts/panel.js';
import { Scroller } from '../parts/scroller.js';
import { Twice } from '../parts/twice.js';
import { get } from '../request.js';
import type { Link } from '../types.js';

const request = get('/v1/links');

/** The links that this key made, or all that it may see as an admin. Charts make them, by their menu. */
export function Links() {
  const loaded = useAnswer<{ links: Link[] }>(request);
  const [fault, setFault] = useState('');
  const remove = (id: string) => {
    setFault('');
    ask({ method: 'DELETE', path: `/v1/links/${encodeURIComponent(id)}` }).then(loaded.retry, (error: Error) =>
      setFault(error.message),
    );
  };
  return (
    <Panel
      title="CSV links"
      isWide
      loaded={loaded}
      requests={[request]}
      hasCsv={false}
      isEmpty={({ links }) => links.length === 0}
      empty="None yet. The menu of each chart has “Share as a CSV link”."
    >
      {({ links }) => (
        <Scroller label="CSV links">
          <p role="alert" class="fault">
            {fault}
          </p>
          <table class="data">
            <thead>
              <tr>
                {['Name', 'Report', 'Made', 'Ends', ''].map((label) => (
                  <th key={label} scope="col">
                    {label || <span class="hidden">Delete</span>}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {links.map((link) => (
                <tr key={link.link_id}>
                  <th scope="row">{link.name || link.link_id}</th>
                  <td>{link.report === null ? `Query of ${link.query?.dataset}` : link.report.split('?')[0]}</td>
                  <td>{moment(link.created_at)}</td>
                  <td>
                    {link.expires_at === null ? 'never' : moment(link.expires_at)}
                    {link.is_active ? '' : ' (ended)'}
                  </td>
                  <td class="number">
                    <Twice label="Delete" of={link.name || link.link_id} act={() => remove(link.link_id)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
    </Panel>
  );
}
