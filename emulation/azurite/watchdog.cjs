// Loaded before Azurite: ends it when the process that started it is gone, however that one ended.
process.stdin.resume();
if (process.stdin.unref) process.stdin.unref(); // a pipe must not keep a stopped Azurite alive
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
