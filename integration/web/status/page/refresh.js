"use strict";
async function refresh() {
  const main = document.querySelector("main");
  const written = [...main.querySelectorAll("input:not([type=hidden])")].some((each) => each.value !== each.defaultValue);
  // An event that was looked for is searched once, not once a minute.
  if (document.hidden || document.getElementById("found") || written || main.contains(document.activeElement)) return;
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
  } catch {
    document.getElementById("stale").textContent = "This page could not be refreshed: it shows what was known before.";
  }
}
setInterval(refresh, 60000);
