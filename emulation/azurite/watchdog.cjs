// Loaded before Azurite: ends it when the process that started it is gone, however that one ended.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
