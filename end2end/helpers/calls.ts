// Calls made for a test: the platform sends their records, as its feeder would.
import { demo } from './index';
import { Api, freeNumber, until, type Answer } from './api';

export interface CallLine {
  id: string;
  call_id: string;
  e164: string;
  caller: string | null;
  talk_ms: number | null;
  quality: string;
  answered_at: string | null;
}

export interface UsageLine {
  number: string;
  answered: number;
  duration_s_operator: number;
  duration_s_awaiting: number;
  difference_s: number;
}

/** An answered call of one minute that ended a moment ago, at a number of harrow's that nobody has, so that no other call is there. */
export interface OneCall {
  call_id: string;
  e164: string;
  answered_at: string;
  caller: string;
}

const iso = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString();
export const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
/** The day of a moment and the next one, as the usage of a tenant in London counts them. */
export function dayInLondon(at: string): { from: string; to: string } {
  const from = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(new Date(at));
  return { from, to: new Date(Date.parse(from) + 86_400_000).toISOString().slice(0, 10) };
}

export const platform = () => Api.of(demo(), 'platform');
export const harrow = () => Api.of(demo(), 'tenant', 'harrow');
export const albion = () => Api.of(demo(), 'operator', 'albion');

/** Sends NDJSON and waits for its receipt. */
export function send(api: Api, path: string, rows: string): Promise<Answer> {
  return api.call('POST', path, { raw: rows, headers: { 'content-type': 'application/x-ndjson', prefer: 'wait' } });
}

/**
 * One call by the platform; `daysAgo` for a day on which no other call was. The simulated operators leave calls whose id begins
 * with `tour-` alone.
 */
export async function oneCall(daysAgo = 0): Promise<OneCall> {
  const { e164 } = await freeNumber(harrow(), '+442079460');
  const call_id = `tour-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
  const [invited_at, answered_at, ended_at] = [95, 90, 30].map((s) => iso(daysAgo * 86_400 + s));
  const caller = '+13125550142';
  const record = {
    call_id, tenant_id: harrow().client.org_id, operator_id: albion().client.org_id, direction: 'inbound', caller, callee: e164, e164,
    sip_call_id: `${call_id}@sbc1.calls.example`, invited_at, ringing_at: invited_at, answered_at, ended_at, talk_ms: 60_000, sip_code: 200, q850_cause: 16, ended_by: 'caller',
    streams: [
      { direction: 'received', leg: 'operator', packets: 3000, jitter_ms_avg: 6.1, loss_ratio_avg: 0.002, rtt_ms_avg: 38 },
      { direction: 'sent', leg: 'operator', packets: 3000, jitter_ms_avg: 55, loss_ratio_avg: 0.002, rtt_ms_avg: 38 },
    ],
  };
  const receipt = await send(platform(), '/platform/call-records', lines(record));
  if (receipt.body?.accepted !== 1) throw new Error(`the call was not taken: ${receipt.status} ${receipt.text}`);
  return { call_id, e164, answered_at, caller };
}

/** The call as the operator's feed tells it, once it is sealed. */
export async function fromFeed(call: OneCall): Promise<CallLine> {
  const find = async () => {
    let path: string = `/calls?basis=processed&limit=1000&from=${encodeURIComponent(iso(300))}`;
    for (;;) {
      const page = await albion().ok<{ data: CallLine[]; next_cursor: string; has_more: boolean }>('GET', path);
      const found = page.data.find((one) => one.call_id === call.call_id);
      if (found || !page.has_more) return found;
      path = `/calls?basis=processed&limit=1000&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
  };
  return (await until(find, (found) => found !== undefined, 'the call in the feed')) as CallLine;
}

/** The usage of the call's number on its day, once `done`. */
export function usageOf(call: OneCall, done: (line: UsageLine | undefined) => boolean): Promise<UsageLine | undefined> {
  const { from, to } = dayInLondon(call.answered_at);
  const ask = async () => {
    const { data } = await harrow().ok<{ data: UsageLine[] }>('GET', `/tenant/usage?from=${from}&to=${to}&group_by=number`);
    return data.find((line) => line.number === call.e164);
  };
  return until(ask, done, `the usage of ${call.e164}`);
}
