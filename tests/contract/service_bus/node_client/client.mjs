// What @azure/service-bus sees of the broker: one step per command, its findings as one JSON line.
import { delay, ServiceBusClient } from "@azure/service-bus";

const client = new ServiceBusClient(process.env.CONNECTION_STRING);

async function settles() {
  const sender = client.createSender("orders");
  const batch = await sender.createMessageBatch();
  for (const name of ["complete", "abandon", "defer", "dead-letter"]) {
    batch.tryAddMessage({ body: { name }, messageId: name, subject: "order", applicationProperties: { name } });
  }
  await sender.sendMessages(batch);
  const receiver = client.createReceiver("orders");
  const peeked = await receiver.peekMessages(10);
  const [complete, abandon, defer, deadLetter] = await receiver.receiveMessages(4, { maxWaitTimeInMs: 5000 });
  await receiver.renewMessageLock(complete);
  await receiver.completeMessage(complete);
  await receiver.abandonMessage(abandon, { tried: "once" });
  await receiver.deferMessage(defer);
  await receiver.deadLetterMessage(deadLetter, { deadLetterReason: "Bad", deadLetterErrorDescription: "Very bad" });
  const [again] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  await receiver.completeMessage(again);
  const [deferred] = await receiver.receiveDeferredMessages([defer.sequenceNumber]);
  await receiver.completeMessage(deferred);
  const deadLetters = client.createReceiver("orders", { subQueueType: "deadLetter" });
  const [dead] = await deadLetters.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  await deadLetters.completeMessage(dead);
  return {
    peeked: peeked.map((message) => message.body.name),
    again: [again.body.name, again.deliveryCount, again.applicationProperties],
    deferred: deferred.body.name,
    dead: [dead.body.name, dead.deadLetterReason, dead.deadLetterErrorDescription, dead.deadLetterSource],
  };
}

async function schedules() {
  const sender = client.createSender("orders");
  const soon = new Date(Date.now() + 1500);
  const [kept, cancelled] = await sender.scheduleMessages([{ body: "kept" }, { body: "cancelled" }], soon);
  await sender.cancelScheduledMessages(cancelled);
  const receiver = client.createReceiver("orders", { receiveMode: "receiveAndDelete" });
  const received = await receiver.receiveMessages(2, { maxWaitTimeInMs: 4000 });
  return {
    received: received.map((message) => message.body),
    renumbered: received[0].sequenceNumber.gt(kept),
    inTime: received[0].enqueuedTimeUtc >= new Date(Math.floor(soon.getTime() / 1000) * 1000),
  };
}

async function sessions() {
  const sender = client.createSender("conversations");
  await sender.sendMessages([
    { body: "a1", sessionId: "a" },
    { body: "b1", sessionId: "b" },
    { body: "a2", sessionId: "a" },
  ]);
  const receiver = await client.acceptSession("conversations", "a");
  const received = await receiver.receiveMessages(2, { maxWaitTimeInMs: 5000 });
  await receiver.setSessionState("half done");
  const renewed = await receiver.renewSessionLock();
  for (const message of received) await receiver.completeMessage(message);
  const busy = await client.acceptSession("conversations", "a").then(() => "accepted", (error) => error.code);
  const state = String(await receiver.getSessionState());
  await receiver.close();
  const next = await client.acceptNextSession("conversations");
  const [other] = await next.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  await next.completeMessage(other);
  const found = { received: received.map((message) => message.body), state, busy, next: next.sessionId };
  await next.close();
  return { ...found, renewed: renewed > new Date() };
}

async function subscriptions() {
  const rules = client.createRuleManager("events", "blue");
  await rules.deleteRule("$Default");
  await rules.createRule("colour", { sqlExpression: "colour = 'blue'" });
  const listed = [];
  for await (const rule of rules.listRules()) listed.push([rule.name, rule.filter]);
  const sender = client.createSender("events");
  for (const colour of ["red", "blue"]) await sender.sendMessages({ body: colour, applicationProperties: { colour } });
  const all = client.createReceiver("events", "all", { receiveMode: "receiveAndDelete" });
  const blue = client.createReceiver("events", "blue", { receiveMode: "receiveAndDelete" });
  const got = async (receiver, count) =>
    (await receiver.receiveMessages(count, { maxWaitTimeInMs: 3000 })).map((message) => message.body);
  return { listed, all: await got(all, 2), blue: await got(blue, 1) };
}

async function subscribes() {
  const sender = client.createSender("orders");
  const seen = [];
  const receiver = client.createReceiver("orders");
  const done = new Promise((resolve, reject) => {
    receiver.subscribe(
      {
        processMessage: async (message) => {
          seen.push(message.body);
          if (seen.length === 3) resolve();
        },
        processError: async ({ error }) => reject(error),
      },
      { maxConcurrentCalls: 2 },
    );
  });
  await sender.sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
  await Promise.race([done, delay(8000)]);
  await receiver.close();
  return { seen: seen.toSorted() };
}

async function errors() {
  const failed = async (action) => {
    try {
      await action();
      return "nothing";
    } catch (error) {
      return error.code;
    }
  };
  const once = { retryOptions: { maxRetries: 0 } };
  const wrong = new ServiceBusClient(process.env.CONNECTION_STRING.replace(/SharedAccessKey=[^;]*/, "SharedAccessKey=no"), once);
  const found = {
    key: await failed(() => wrong.createSender("orders").sendMessages({ body: "x" })),
    entity: await failed(() => new ServiceBusClient(process.env.CONNECTION_STRING, once).createSender("none").sendMessages({ body: "x" })),
    size: await failed(() => client.createSender("orders").sendMessages({ body: "x".repeat(300 * 1024) })),
  };
  await wrong.close();
  return found;
}

const steps = { settles, schedules, sessions, subscriptions, subscribes, errors };
const findings = {};
for (const [name, step] of Object.entries(steps)) findings[name] = await step();
await client.close();
console.log(JSON.stringify(findings));
process.exit(0);
