import type { DemoEvent } from './conversation.js';

/** Writes down one conversation: each event comes after the one before it. */
export class Script {
  readonly events: DemoEvent[] = [];
  /** Now, in epoch milliseconds. */
  time: number;
  readonly #id: string;
  #step: { id: string; type: string } | undefined;

  constructor(id: string, time: number) {
    this.#id = id;
    this.time = time;
  }

  /** Lets time pass, in seconds. */
  wait(seconds: number): void {
    this.time += Math.round(1000 * seconds);
  }

  /** Adds an event and returns its id. */
  add(type: string, fields: object): string {
    const id = `${this.#id}-${this.events.length + 1}`;
    this.events.push({ id, type, time: new Date(this.time).toISOString(), conversation_id: this.#id, ...fields });
    this.time += 1; // no two events share a millisecond
    return id;
  }

  say(sender: 'user' | 'bot' | 'agent', sender_id: string | undefined, text: string, more: object = {}): string {
    return this.add('message', { sender, ...(sender_id === undefined ? {} : { sender_id }), text, ...more });
  }

  /** Goes to a step of the flow. */
  step(id: string, type: string): void {
    const to_step = { id, type };
    this.add('step', { ...(this.#step === undefined ? {} : { from_step: this.#step }), to_step });
    this.#step = to_step;
  }

  update(conversation: object): void {
    this.add('conversation.updated', { conversation });
  }
}
