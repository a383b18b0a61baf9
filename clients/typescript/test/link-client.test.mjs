// What serves without asking, what is asked, and what is kept through trouble; against an app in memory.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LinkClient, LinkUnknown, Refused } from "../dist/link-client.js";

const HOME = "https://contoso.operations.dynamics.com";
const ID = "6f4a2c1e-0000-4000-8000-000000000001";
const LINKED = { state: "linked", url: HOME, tenantId: ID, id: ID, trusted: true, stale: false, checkedAt: "2026-01-02T03:04:05Z" };
const NOT_LINKED = { state: "not_linked", code: "0x80048d0b", message: "No", familiar: true, checkedAt: "2026-01-02T03:04:05Z" };

const ok = (content = LINKED, headers = {}) => () =>
  Response.json(content, { headers: { etag: 'W/"1"', "cache-control": "private, max-age=30", ...headers } });
const unknown = (status = 503, headers = {}, code = "Throttled") => () =>
  Response.json({ code, detail: "Dataverse asked to slow down." }, { status, headers });
const away = () => {
  throw new TypeError("fetch failed");
};

function ask(answers, options = {}) {
  const asked = [];
  const clock = { seconds: 1000 };
  const client = new LinkClient({
    app: "https://app.test/api/",
    key: "a-key",
    now: () => clock.seconds * 1000,
    fetch: async (url, init) => {
      asked.push({ url, ...init });
      return (answers.length > 1 ? answers.shift() : answers[0])();
    },
    ...options,
  });
  return { asked, clock, client, resolve: (name = "contoso") => client.resolve(name) };
}

test("an answer serves for as long as it says, and is then asked about", async () => {
  const not_modified = () => new Response(null, { status: 304, headers: { "cache-control": "max-age=5", "last-modified": "Fri, 02 Jan 2026 03:30:00 GMT" } });
  const { asked, clock, resolve } = ask([ok(LINKED, { age: "10" }), not_modified]);
  assert.deepEqual(await resolve(), LINKED);
  clock.seconds += 19;
  await resolve();
  assert.equal(asked.length, 1);
  clock.seconds += 2;
  assert.deepEqual(await resolve(), { ...LINKED, checkedAt: "2026-01-02T03:30:00.000Z" });
  assert.equal(asked[0].url, "https://app.test/api/organizations/contoso/link");
  assert.deepEqual(asked.map(({ headers }) => headers["if-none-match"]), [undefined, 'W/"1"']);
  assert.deepEqual([asked[1].headers["x-functions-key"], asked[1].redirect], ["a-key", "manual"]);
  clock.seconds += 6;
  await resolve();
  assert.equal(asked[2].headers["if-none-match"], 'W/"1"');
});

test("what must not serve without asking does not", async () => {
  for (const said of ["no-cache, max-age=60", "no-store, max-age=60", "max-age=x"]) {
    const { asked, resolve } = ask([ok(LINKED, { "cache-control": said })]);
    await resolve();
    await resolve();
    assert.equal(asked.length, 2);
    assert.equal("if-none-match" in asked[1].headers, !said.includes("no-store"));
  }
});

test("through trouble the last good answer serves, marked and with an end", async () => {
  const answers = [ok()];
  const { asked, clock, resolve } = ask(answers, { keepFor: 3600 });
  await resolve();
  answers[0] = unknown(503, { "retry-after": "20" });
  clock.seconds += 31;
  assert.deepEqual(await resolve(), { ...LINKED, stale: true });
  clock.seconds += 19;
  assert.equal((await resolve()).stale, true);
  assert.equal(asked.length, 2);
  answers[0] = away;
  clock.seconds += 2;
  assert.equal((await resolve()).stale, true);
  clock.seconds += 3600;
  await assert.rejects(resolve(), (error) => error instanceof LinkUnknown && error.code === "Unreachable");
  answers[0] = ok();
  clock.seconds += 60;
  assert.equal((await resolve()).stale, false);
});

test("an unknown link says why, and is not asked again too early", async () => {
  const { asked, clock, resolve } = ask([unknown(503, { "retry-after": "30" }), unknown(502), unknown(429), ok()]);
  const waits = [];
  for (let times = 0; times < 3; times += 1) {
    await assert.rejects(resolve(), LinkUnknown);
    await assert.rejects(resolve(), (error) => waits.push(error.retryAfter) > 0);
    clock.seconds += 31;
  }
  assert.deepEqual(waits, [30, 4, 8]);
  assert.equal(asked.length, 3);
});

test("why it is unknown is one of the reasons; what else the app says is in the message", async () => {
  for (const code of ["Busy", "Forbidden", "Throttled", "Unauthenticated", "UnexpectedAnswer", "Unreachable"]) {
    await assert.rejects(ask([unknown(503, {}, code)]).resolve(), { code });
  }
  for (const code of ["StorageUnavailable", "RowRefused", "toString", ""]) {
    const { resolve } = ask([unknown(503, {}, code)]);
    await assert.rejects(resolve(), (error) => error.code === "LinkUnknown" && error.message.includes(code));
  }
});

test("not linked is never kept for when nobody knows", async () => {
  const { clock, resolve } = ask([ok(NOT_LINKED), unknown()]);
  assert.equal((await resolve()).state, "not_linked");
  clock.seconds += 31;
  await assert.rejects(resolve(), LinkUnknown);
});

test("who is refused is shown no old answer", async () => {
  for (const refusal of [unknown(401), unknown(403), unknown(404, {}, "UnknownOrganization")]) {
    const { clock, resolve } = ask([ok(), refusal, unknown()]);
    await resolve();
    clock.seconds += 31;
    await assert.rejects(resolve(), Refused);
    await assert.rejects(resolve(), LinkUnknown);
  }
});

test("what is not fno-link's answer is unknown", async () => {
  const lies = [
    () => new Response("<html>Sign in</html>", { headers: { "content-type": "text/html" } }),
    ok([]), ok(null), ok({ state: "linked", url: HOME }), ok({ ...LINKED, url: "https://user@evil.example/" }),
    () => new Response(null, { status: 204 }), () => new Response(null, { status: 304 }),
    () => new Response(null, { status: 302, headers: { location: "https://elsewhere.test/" } }),
  ];
  for (const lie of lies) {
    const { clock, resolve } = ask([lie, ok()]);
    await assert.rejects(resolve(), (error) => error instanceof LinkUnknown && error.code === "UnexpectedAnswer");
    clock.seconds += 5;
    assert.equal((await resolve()).url, HOME);
  }
});

test("who asks at once shares one request", async () => {
  const { asked, client, resolve } = ask([ok()]);
  await Promise.all(Array.from({ length: 20 }, () => resolve()));
  assert.equal(asked.length, 1);
  client.close();
  await assert.rejects(resolve(), { code: "Busy" });
});

test("a token goes along; without one nothing is asked", async () => {
  const { asked, resolve } = ask([ok()], { key: "", token: async () => "a.b.c" });
  await resolve();
  assert.equal(asked[0].headers.authorization, "Bearer a.b.c");
  assert.equal(asked[0].url, "https://app.test/api/entra/organizations/contoso/link");
  const none = ask([ok()], { key: "", token: () => Promise.reject(new Error("s3cret")) });
  await assert.rejects(none.resolve(), (error) => error.code === "Unauthenticated" && !error.message.includes("s3cret"));
  assert.equal(none.asked.length, 0);
});

test("what cannot be is refused at once", async () => {
  for (const app of ["http://app.test", "app.test", "https://u:p@app.test", "https://app.test/?code=x"]) {
    assert.throws(() => new LinkClient({ app, key: "k" }), TypeError);
  }
  assert.throws(() => new LinkClient({ app: "https://app.test" }), TypeError);
  assert.throws(() => new LinkClient({ app: "https://app.test", key: "k", token: () => "t" }), TypeError);
  const { asked, resolve } = ask([ok()]);
  for (const name of ["", ".", ".."]) await assert.rejects(resolve(name), TypeError);
  await resolve("../a b?c#d");
  assert.equal(asked[0].url, "https://app.test/api/organizations/..%2Fa%20b%3Fc%23d/link");
});
