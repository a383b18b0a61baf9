// Reads {tables: {name: {column: type}}, queries: [text]} from standard input; writes {faults, columns} of each query.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

const { Symbols, GlobalState, KustoCode } = globalThis.Kusto.Language;
const { tables, queries } = JSON.parse(readFileSync(0, "utf8"));
const all = (list) => Array.from({ length: list.Count }, (_, at) => list.getItem(at));

const symbols = Object.entries(tables).map(([name, columns]) => {
  const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`).join(", ");
  return new Symbols.TableSymbol.$ctor7(name, `(${schema})`, null);
});
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", symbols));

const found = queries.map((query) => {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const faults = all(code.GetDiagnostics())
    .filter(({ Severity }) => Severity === "Error" || Severity === "Warning")
    .map(({ Message, Start, Length }) => `${Message} at: ${query.slice(Start, Start + Length)}`);
  const columns = Object.fromEntries(all(code.ResultType?.Columns ?? { Count: 0 }).map(({ Name, Type }) => [Name, Type.Name]));
  return { faults, columns };
});
process.stdout.write(JSON.stringify(found));
