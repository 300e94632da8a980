/* The lock of a quiet page, shown before the server enforces it; and what is typed, kept for its author. */
"use strict";

(() => {
  const quiet = Number(document.querySelector("meta[name=lock-seconds]").content) * 1000;
  const MINUTE = 60000;
  const warning = document.getElementById("lock-warning");
  const token = () => document.querySelector("input[name=csrf_token]")?.value ?? "";
  // Shared by the tabs of one browser: they share one sign-in.
  const SEEN = "hass-last-used";
  let told = Date.now();
  localStorage.setItem(SEEN, String(told));
  const left = () => Number(localStorage.getItem(SEEN)) + quiet - Date.now();

  const leave = answer => {
    if (answer.headers.has("HX-Redirect")) location.href = answer.headers.get("HX-Redirect");
  };
  const tell = async () => {
    told = Date.now();
    leave(await fetch("/lock/stay", { headers: { "HX-Request": "true", "HX-Current-URL": location.href } }));
  };
  const used = () => {
    localStorage.setItem(SEEN, String(Date.now()));
    warning.hidden = true;
    // Once a minute the server hears of it, so that it does not lock a page that is being typed into.
    if (Date.now() - told > MINUTE) tell();
  };
  for (const kind of ["keydown", "pointerdown", "wheel"]) document.addEventListener(kind, used, { passive: true });
  warning.querySelector("button").addEventListener("click", tell);

  const lock = async () => {
    clearInterval(watch);
    await keepAll();
    // The server locks it too, so that "back" shows nothing.
    await fetch("/lock", { method: "POST", headers: { "X-CSRF-Token": token() }, redirect: "manual" });
    location.href = "/lock?next=" + encodeURIComponent(location.pathname + location.search);
  };
  const watch = setInterval(() => {
    if (left() <= 0) lock();
    else warning.hidden = left() > MINUTE;
  }, 1000);

  /* Forms: kept while they are typed into, given back on the same page, forgotten once sent. */
  const path = form => new URL(form.action, location.href).pathname;
  const FORMS = "main form[method=post]:not([data-no-keep])";
  const changed = new Set();
  const words = form => [...form.elements].filter(field =>
    field.name && field.value !== undefined && !["hidden", "password", "file", "submit", "button"].includes(field.type)
    && (!["checkbox", "radio"].includes(field.type) || field.checked));
  const keep = (form, fields) => fetch("/drafts", {
    method: "POST",
    keepalive: true,
    headers: { "X-CSRF-Token": token(), "Content-Type": "application/json", "HX-Request": "true" },
    body: JSON.stringify({ page: location.pathname, form: path(form), fields }),
  });
  const keepAll = () => Promise.all([...changed].map(form => {
    changed.delete(form);
    return keep(form, Object.fromEntries(words(form).map(field => [field.name, field.value])));
  }));
  let wait = 0;
  // Listened for on the document: a form may come with a part of the page, long after the page.
  const keepable = target => target.closest(FORMS);
  document.addEventListener("input", event => {
    const form = keepable(event.target);
    if (!form) return;
    changed.add(form);
    clearTimeout(wait);
    wait = setTimeout(keepAll, 2000);
  });
  document.addEventListener("submit", event => {
    const form = keepable(event.target);
    if (!form) return;
    clearTimeout(wait);
    changed.delete(form);
    keep(form, {});
  });
  addEventListener("pagehide", keepAll);

  const giveBack = async () => {
    const answer = await fetch("/drafts?page=" + encodeURIComponent(location.pathname), { headers: { "HX-Request": "true" } });
    if (!answer.ok) return leave(answer);
    const drafts = await answer.json();
    for (const form of document.querySelectorAll(FORMS)) {
      for (const [name, value] of Object.entries(drafts[path(form)] ?? {})) {
        for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
          if (["hidden", "password", "file"].includes(field.type)) continue;
          if (["checkbox", "radio"].includes(field.type)) field.checked = field.value === value;
          else field.value = value;
        }
      }
    }
  };
  if (document.querySelector(FORMS)) giveBack();
})();
