/**
 * Asks a deployed fno-link which Finance & Operations environment a Dataverse organization is linked to.
 * What it keeps, for how long, and when it asks again: docs/clients.md. Needs `fetch` and nothing else: Node 20 or newer,
 * Deno, Bun. Not for browsers: a key has no place there (samples/form-script shows what has).
 */

export interface Linked {
  readonly state: "linked";
  readonly url: string;
  readonly tenantId: string;
  readonly id: string;
  readonly trusted: boolean;
  readonly distrust?: string;
  /** A newer answer could not be had. */
  readonly stale: boolean;
  readonly checkedAt: string;
}

export interface NotLinked {
  readonly state: "not_linked";
  readonly code: string;
  readonly message: string;
  readonly familiar: boolean;
  readonly checkedAt: string;
}

export type Link = Linked | NotLinked;

class Told extends Error {
  readonly code: string;
  readonly status: number;
  /** Seconds until the app may be asked again. */
  readonly retryAfter: number | undefined;
  constructor(code: string, message: string, status = 0, retryAfter?: number, cause?: unknown) {
    super(message, { cause });
    this.name = new.target.name;
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The key or token does not do, or there is no organization of this name (404): asking again does not help. */
export class Refused extends Told {}

/** Nobody knows now, which is not "not linked". `code` says why: one of REASONS, else `LinkUnknown`. */
export class LinkUnknown extends Told {}

export interface Options {
  /** `https://HOST` of the function app; plain http only on this machine. */
  app: string;
  /** A function key of `link`. */
  key?: string;
  /** Instead of the key: says a bearer token each time; keeps it itself for as long as it is good. */
  token?: () => string | Promise<string>;
  /** Seconds for which a linked answer is served after it was last confirmed, while there is no newer one; a day. */
  keepFor?: number;
  /** Seconds that one request may take; 10. */
  timeout?: number;
  /** Milliseconds that never run backwards, and what sends: for tests. */
  now?: () => number;
  fetch?: typeof fetch;
}

type Copy = { link?: Link | undefined; tag: string; freshUntil: number; usableUntil: number } & Trouble;
type Trouble = { failure?: LinkUnknown; attempts: number; notBefore: number };
type Reply = { status: number; headers: Headers; text: string };

const NOTHING: Copy = { tag: "", freshUntil: 0, usableUntil: 0, attempts: 0, notBefore: 0 };
const REASONS = ["Busy", "Forbidden", "Throttled", "Unauthenticated", "UnexpectedAnswer", "Unreachable"];
const URL_OF = /^https:\/\/([a-z0-9-]+\.)+[a-z]{2,63}$/i;
const ID = /^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}$/i;

export class LinkClient {
  readonly #base: string;
  readonly #options: Options;
  readonly #copies = new Map<string, Copy>();
  readonly #flights = new Map<string, Promise<Link>>();
  readonly #closing = new AbortController();

  constructor(options: Options) {
    const url = new URL(options.app);
    const local = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
    const encrypted = url.protocol === "https:" || (url.protocol === "http:" && local);
    if (!encrypted) throw new TypeError("the app's URL must be https: the key must not travel in the clear");
    if (url.username || url.password || url.search || url.hash) throw new TypeError("the app's URL is https://HOST");
    if (!options.key === !options.token) throw new TypeError("give a function key, or a token of Entra");
    this.#base = url.href.replace(/\/+$/, "").replace(/\/api$/, "");
    this.#options = options;
  }

  /** Tells what an organization is linked to; rejects with LinkUnknown, Refused or TypeError (no name). */
  async resolve(name: string): Promise<Link> {
    if (["", ".", ".."].includes(name)) throw new TypeError(`"${name}" is no name of an organization`);
    if (this.#closing.signal.aborted) throw new LinkUnknown("Busy", "this client is closed");
    const copy = this.#copies.get(name);
    const now = this.#now();
    if (copy?.link && now < copy.freshUntil) return copy.link;
    if (copy?.failure && now < copy.notBefore) {
      const { code, message, status } = copy.failure;
      return stale(copy, now) ?? Promise.reject(new LinkUnknown(code, message, status, copy.notBefore - now));
    }
    const flight = this.#flights.get(name) ?? this.#ask(name).finally(() => this.#flights.delete(name));
    this.#flights.set(name, flight);
    return flight;
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
  }

  #now(): number {
    return (this.#options.now?.() ?? performance.now()) / 1000;
  }

  async #ask(name: string): Promise<Link> {
    const copy = this.#copies.get(name) ?? NOTHING;
    try {
      return this.#take(name, copy, await this.#send(name, copy.link ? copy.tag : ""));
    } catch (error) {
      this.#copies.delete(name);
      if (!(error instanceof LinkUnknown) || this.#closing.signal.aborted) throw error;
      const [now, attempts] = [this.#now(), copy.attempts + 1];
      const wait = Math.min(Math.max(error.retryAfter ?? 2 ** Math.min(attempts, 32), 1), 600);
      const link = stale(copy, now) && copy.link; // "not linked" is not kept: it would be made out of "unknown"
      this.#copies.set(name, { ...copy, link, freshUntil: 0, failure: error, attempts, notBefore: now + wait });
      return stale(copy, now) ?? Promise.reject(error);
    }
  }

  async #send(name: string, tag: string): Promise<Reply> {
    const headers: Record<string, string> = {};
    if (this.#options.key) headers["x-functions-key"] = this.#options.key;
    if (tag) headers["if-none-match"] = tag;
    try {
      if (this.#options.token) headers["authorization"] = `Bearer ${await this.#options.token()}`;
    } catch (cause) {
      throw new LinkUnknown("Unauthenticated", "no token could be had", 0, undefined, cause);
    }
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout((this.#options.timeout ?? 10) * 1000)]);
    const url = `${this.#base}/api/${this.#options.token ? "entra/" : ""}organizations/${encodeURIComponent(name)}/link`;
    try {
      // A redirect is not followed: the key would go with it.
      const got = await (this.#options.fetch ?? fetch)(url, { headers, redirect: "manual", signal });
      return { status: got.status, headers: got.headers, text: await got.text() };
    } catch (cause) {
      throw new LinkUnknown("Unreachable", `${this.#base} did not answer`, 0, undefined, cause);
    }
  }

  #take(name: string, copy: Copy, got: Reply): Link {
    const said = got.status === 304 ? {} : parsed(got.text);
    const link = got.status === 304 ? copy.link : got.status === 200 ? linkOf(said) : undefined;
    if (!link) throw refusal(got, said);
    const cache = (got.headers.get("cache-control") ?? "").toLowerCase();
    const seconds = Number(/\bmax-age="?(\d{1,10})\b/.exec(cache)?.[1] ?? 0) - (Number(got.headers.get("age")) || 0);
    const keepFor = this.#options.keepFor ?? 86_400;
    const fresh = /\bno-(store|cache)\b/.test(cache) ? 0 : Math.min(seconds, keepFor);
    const at = Date.parse(got.headers.get("last-modified") ?? "");
    const checked = Number.isFinite(at) ? { ...link, checkedAt: new Date(at).toISOString() } : link;
    const now = this.#now();
    const tag = got.headers.get("etag") ?? (got.status === 304 ? copy.tag : "");
    if (cache.includes("no-store")) this.#copies.delete(name);
    else this.#copies.set(name, { ...NOTHING, link: checked, tag, freshUntil: now + fresh, usableUntil: now + keepFor });
    return checked;
  }
}

function stale(copy: Copy, now: number): Linked | undefined {
  return copy.link?.state === "linked" && now < copy.usableUntil ? { ...copy.link, stale: true } : undefined;
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function linkOf(said: Record<string, unknown>): Link | undefined {
  const texts = (...names: string[]) => names.every((name) => typeof said[name] === "string");
  if (said["state"] === "not_linked" && texts("code", "message", "checkedAt")) return said as unknown as NotLinked;
  const whole = said["state"] === "linked" && texts("url", "tenantId", "id", "checkedAt");
  const named = URL_OF.test(String(said["url"])) && ID.test(String(said["id"])) && ID.test(String(said["tenantId"]));
  return whole && named && typeof said["trusted"] === "boolean" ? (said as unknown as Linked) : undefined;
}

function refusal(got: Reply, said: Record<string, unknown>): Error {
  const code = typeof said["code"] === "string" ? said["code"] : "";
  const message = `the app answered ${got.status}: ${code ? `${code}: ${said["detail"]}`.slice(0, 500) : "no reason given"}`;
  if (got.status === 401 || got.status === 403) return new Refused("AppRefused", message, got.status);
  if (got.status === 404 && code === "UnknownOrganization") return new Refused(code, message, 404);
  if (got.status < 500 && got.status !== 429) return new LinkUnknown("UnexpectedAnswer", message, got.status);
  const header = got.headers.get("retry-after")?.trim() ?? "";
  const wait = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  const why = REASONS.includes(code) ? code : "LinkUnknown";
  return new LinkUnknown(why, message, got.status, Number.isFinite(wait) ? wait : undefined);
}
