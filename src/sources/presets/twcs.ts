import { ignored, nothing, type Source } from '../source.js';
import { event, long, row, short, take } from './parts.js';

/**
 * Tables in the form of "Customer Support on Twitter" (`twcs.csv`): a row is a tweet with `tweet_id, author_id, inbound,
 * created_at, text, response_tweet_id, in_response_to_tweet_id`.
 *
 * Learnt from public descriptions of the data set (kaggle.com, thoughtvector/customer-support-on-twitter) and programs that read
 * it; no file of it was at hand.
 *
 * A row does not name its thread, only the tweet before it, so a conversation is what one customer and one company say to each
 * other: the author, and whom the text mentions. Customers are numbers there, companies have names.
 */
export const twcs: Source = {
  name: 'twcs',
  about: 'rows of a table like twcs.csv (Customer Support on Twitter)',
  recognizes: (record) => columns.every((name) => name in row(record)),
  map(record) {
    const said = row(record);
    const isInbound = /^true$/i.test(String(said.inbound));
    const author = short(said.author_id);
    const text = long(said.text);
    const mentioned = [...(text ?? '').matchAll(/@(\w{1,50})/g)].map(([, name = '']) => name);
    const other = mentioned.find((name) => /^\d+$/.test(name) !== isInbound);
    if (other === undefined) return ignored(`a tweet that mentions no ${isInbound ? 'company' : 'customer'}`);
    const [user, company] = isInbound ? [author, other] : [other, author];
    const fields = {
      id: short(said.tweet_id),
      time: timeOf(said.created_at),
      // Handles are the same in any case, and people write them in any.
      conversation_id: user === undefined || company === undefined ? undefined : `${company.toLowerCase()}-${user}`,
      sender: isInbound ? 'user' : 'agent',
      sender_id: author,
      text,
    };
    const mapped = nothing();
    take(mapped, event('message', fields, { channel: 'twitter', team_id: company?.toLowerCase(), user_id: user }));
    return mapped;
  },
};

const columns = ['tweet_id', 'author_id', 'inbound', 'created_at', 'text', 'in_response_to_tweet_id'];

/** A time as Twitter wrote it: `Tue Oct 31 22:10:47 +0000 2017`. */
function timeOf(value: unknown): string | undefined {
  const found = /^\w{3} (\w{3}) (\d\d) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})$/.exec(String(value));
  if (found === null) return undefined;
  const [, month, day, clock, offset, year] = found;
  const at = new Date(`${day} ${month} ${year} ${clock} ${offset}`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
