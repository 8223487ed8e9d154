// Starts the webhook receiver of receiver.mjs as a process of its own, and talks to it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Message {
  at: string;
  id: string;
  type: string;
  seq: number | null;
  attempt: number | null;
  status: number;
  verified: boolean;
  reason: string | null;
  body: { type: string; data: Record<string, unknown> } & Record<string, unknown>;
}

export interface Receiver {
  /** Where Concord sends messages to. */
  hook: string;
  /** Sets the secret, or makes the next messages fail (see receiver.mjs). */
  control(change: { secret?: string; secrets?: string[]; fail?: number; status?: number; delay_ms?: number; retry_after?: string | null; forget?: boolean }): Promise<void>;
  /** What was verified and accepted, once there are at least `wait` of them (20 s at most). */
  accepted(wait?: number): Promise<Message[]>;
  /** Everything that came, refused or not. */
  all(wait?: number): Promise<Message[]>;
  stop(): void;
}

export async function startReceiver(secret?: string): Promise<Receiver> {
  const script = fileURLToPath(new URL('./receiver.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...(secret ? ['--secret', secret] : [])], { stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await new Promise<string>((done, fail) => {
    createInterface({ input: child.stdout }).once('line', (line) => done(JSON.parse(line).url));
    child.once('exit', (code) => fail(new Error(`the receiver ended with ${code}`)));
    child.once('error', fail);
  });
  const events = async (query: string): Promise<Message[]> => (await fetch(`${url}/events?${query}`)).json();
  return {
    hook: `${url}/hook`,
    async control(change) {
      const answer = await fetch(`${url}/control`, { method: 'POST', body: JSON.stringify(change) });
      if (!answer.ok) throw new Error(`receiver: ${await answer.text()}`);
    },
    accepted: (wait = 0) => events(`accepted=1&wait=${wait}`),
    all: (wait = 0) => events(`wait=${wait}`),
    stop: () => void child.kill(),
  };
}
