// Asks with the client of TypeScript, as asker.py does.
import { createInterface } from "node:readline";

import { LinkClient, LinkUnknown, Refused } from "./dist/link-client.js";

const { APP, KEY, TOKEN, KEEP_FOR } = process.env;
const client = new LinkClient({ app: APP, key: KEY, keepFor: Number(KEEP_FOR), ...(TOKEN && { token: () => TOKEN }) });
for await (const name of createInterface({ input: process.stdin })) {
  let said;
  try {
    const link = await client.resolve(name);
    said = link.state === "linked" ? { url: link.url, stale: link.stale } : { not_linked: link.code };
  } catch (error) {
    if (error instanceof LinkUnknown) said = { unknown: error.code, status: error.status };
    else if (error instanceof Refused) said = { refused: error.code };
    else throw error;
  }
  console.log(JSON.stringify(said));
}
client.close();
