/** One HTTP GET whose answer is text, with a limit on time and size. */
import { failure } from './errors.ts';

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly mostBytes: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Throws Failure http-timeout, http-failed, too-large. An answer with an error status is an answer. */
export async function httpGet(url: URL, { headers, timeoutMs, mostBytes }: GetOptions): Promise<Answer> {
  // fetch() refuses credentials in a URL.
  const { username, password } = url;
  const bare = new URL(url);
  bare.username = bare.password = '';
  const user = [username, password].map(decoded).join(':');
  const authorization =
    username === '' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
  try {
    const answer = await fetch(bare, {
      headers: { ...authorization, ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: answer.status, body: await readBody(answer, mostBytes) };
  } catch (error) {
    throw reasonOf(error, timeoutMs);
  }
}

/** A percent sign that encodes nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function readBody({ body }: Response, mostBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of body ?? []) {
    total += piece.length;
    if (total > mostBytes)
      throw failure('too-large', `the answer is larger than ${mostBytes >> 20} MiB`, 'ask for less');
    pieces.push(piece);
  }
  return Buffer.concat(pieces, total).toString();
}

function reasonOf(error: unknown, timeoutMs: number): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'TimeoutError')
    return failure(
      'http-timeout',
      `no complete answer within ${timeoutMs / 1000} s`,
      'is the server busy, or another one?',
    );
  // fetch() says only that it failed; why is in its cause, or in the causes of each address that it tried.
  if (!(error instanceof TypeError)) return error;
  const { cause } = error;
  const causes = cause instanceof AggregateError ? cause.errors : [cause];
  const why = causes.map((each) => (each instanceof Error ? each.message : '')).filter((each) => each !== '');
  return failure(
    'http-failed',
    [...new Set(why)].join(', ') || error.message,
    'is the address right, and the server running?',
  );
}
