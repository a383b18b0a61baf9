"use strict";
// The key that opened the page stays in its own address; links get it here, so that it never stands in the page.
const key = new URLSearchParams(location.search).get("code");
function carry() {
  if (!key) return;
  for (const link of document.querySelectorAll("a[data-own]")) {
    const url = new URL(link.getAttribute("href"), location.href);
    url.searchParams.set("code", key);
    link.href = url;
  }
  for (const form of document.querySelectorAll("form[data-own]")) {
    if (form.elements.code) continue;
    const field = document.createElement("input");
    field.type = "hidden"; field.name = "code"; field.value = key;
    form.append(field);
  }
}
async function refresh() {
  const main = document.querySelector("main");
  const written = [...main.querySelectorAll("input")].some((each) => each.value !== each.defaultValue);
  if (document.hidden || written || main.contains(document.activeElement)) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const each of main.querySelectorAll("details[open][id]")) fresh.getElementById(each.id)?.setAttribute("open", "");
    main.replaceWith(fresh.querySelector("main"));
    document.title = fresh.title;
    document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").href;
    document.getElementById("stale").textContent = "";
    document.getElementById("done")?.replaceWith(fresh.getElementById("done") ?? "");
    carry();
  } catch {
    document.getElementById("stale").textContent = "This page could not be refreshed: it shows what was known before.";
  }
}
carry();
setInterval(refresh, 60000);
