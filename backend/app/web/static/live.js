/* Parts of a page that are told of changes and read themselves anew: docs/explanation/live.md says how a page asks for it. */
"use strict";

(() => {
  const badge = document.querySelector("[data-live-badge]");
  const parts = () => [...document.querySelectorAll("[data-live]")];
  if (!badge || !parts().length) return;

  const QUIET = 40000; // The server ticks every 15 seconds.
  const PAUSE = 1500; // Many changes at once are read once.
  let since = document.querySelector("meta[name=live-since]")?.content ?? "";
  let stream = null;
  let heard = 0;
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: badge.dataset.zone || undefined });
  const sign = badge.querySelector("time");
  let lostAt = "";

  /* The badge: the hospital's time while the line holds, since when not once it does not. */
  const show = () => {
    const holds = stream !== null && Date.now() - heard < QUIET;
    badge.hidden = heard === 0;
    badge.classList.toggle("lost", !holds);
    if (holds) sign.textContent = clock.format(new Date());
    badge.firstChild.textContent = holds ? "Live · " : "No connection since ";
    if (holds) lostAt = "";
    else if (!lostAt) lostAt = sign.textContent = clock.format(new Date(heard || Date.now()));
  };
  setInterval(show, 5000);

  /* Reading anew. Whatever somebody is busy with stays as it is: then a line says how much is new, and he presses it. */
  const waiting = new Map(); // id of the part > how many changes
  let wait = 0;

  const busy = part => {
    const field = document.activeElement;
    if (part.querySelector("dialog[open], [data-live-hold]")) return true;
    if (part.contains(field) && field.matches("input, textarea, select, [contenteditable]")) return true;
    return [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some(changed);
  };
  const changed = field => field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
    : field.matches("select") ? [...field.options].some(option => option.selected !== option.defaultSelected)
      && field.selectedIndex > 0
      : field.value !== field.defaultValue;

  const line = part => document.querySelector(`[data-live-line="${CSS.escape(part.id)}"]`);
  const offer = (part, count) => {
    let found = line(part);
    if (!found) {
      found = document.createElement("div");
      found.dataset.liveLine = part.id;
      found.className = "fresh";
      found.setAttribute("role", "status");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn";
      button.addEventListener("click", () => read(part.id, true));
      found.append(button);
      part.before(found);
    }
    found.firstChild.textContent = count ? `${count} new · Show` : "Show what is new";
  };

  const places = part => [...part.querySelectorAll("[id]")].filter(each => each.scrollTop || each.scrollLeft)
    .map(each => [each.id, each.scrollTop, each.scrollLeft]);

  /* A page anew, or null where it cannot be had. By hand it is use of the page; by itself it must not keep it from locking. */
  async function fetched(from, asked) {
    const answer = await fetch(from, { headers: asked ? {} : { "X-Unattended": "1" } }).catch(() => null);
    if (answer === null || answer.status >= 500) return null;
    if (answer.redirected && new URL(answer.url).pathname !== new URL(from, location.href).pathname) location.href = answer.url;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  /* Parts that stand on one page are taken from one answer: `pages` holds those of this round. */
  async function read(id, asked, pages = new Map()) {
    const part = document.getElementById(id);
    if (!part) return;
    const count = waiting.get(id) ?? 0;
    if (!asked && (part.dataset.liveMode === "line" || busy(part))) return offer(part, count);
    waiting.delete(id);
    const from = part.dataset.liveFrom || location.pathname + location.search;
    if (!pages.has(from)) pages.set(from, fetched(from, asked));
    const page = await pages.get(from);
    if (page === null) return void waiting.set(id, count + (waiting.get(id) ?? 0));
    const made = page.getElementById(id);
    if (!made || (!asked && busy(part))) return made ? offer(part, count) : undefined;
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...part.querySelectorAll("details[open][id]")].map(each => each.id);
    const scrolled = places(part);
    document.adoptNode(made);
    part.replaceWith(made);
    line(made)?.remove();
    for (const each of open) document.getElementById(each)?.setAttribute("open", "");
    for (const [each, top, left] of scrolled) document.getElementById(each)?.scrollTo(left, top);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    window.htmx?.process(made);
    made.dispatchEvent(new CustomEvent("live:read", { bubbles: true }));
  }

  /* What is told in words of time ("due in 3 min") grows old by itself. */
  for (const part of parts()) {
    const every = Number(part.dataset.liveEvery) * 1000;
    if (every) setInterval(() => {
      const now = document.getElementById(part.id);
      if (!document.hidden && now && now.dataset.liveMode !== "line" && !busy(now) && !waiting.has(part.id)) read(part.id, false);
    }, every);
  }

  /* Nothing moves under a finger: a part over which it goes is read once it rests. */
  let touched = 0;
  let under = null;
  for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, event => {
    touched = Date.now();
    under = event.target.closest("[data-live]");
  }, { passive: true });
  const readAll = () => {
    const moving = Date.now() - touched < PAUSE;
    const pages = new Map();
    for (const id of [...waiting.keys()]) if (!moving || under?.id !== id) read(id, false, pages);
    if (moving && under && waiting.has(under.id)) wait = setTimeout(readAll, PAUSE);
  };
  const fits = (part, change) => part.dataset.live.split(/\s+/).includes(change.topic)
    && (!part.dataset.liveVisit || !change.visit_id || change.visit_id === part.dataset.liveVisit)
    && (!part.dataset.livePatient || !change.patient_id || change.patient_id === part.dataset.livePatient);
  const note = (which, count) => {
    for (const part of parts().filter(which)) waiting.set(part.id, (waiting.get(part.id) ?? 0) + count);
    clearTimeout(wait);
    if (waiting.size) wait = setTimeout(readAll, PAUSE);
  };

  /* The stream, while the page is looked at: a browser holds six lines to a server, for all its tabs together. */
  const hear = event => {
    heard = Date.now();
    if (event.lastEventId) since = event.lastEventId;
    show();
  };
  const listen = () => {
    if (stream !== null || document.hidden) return;
    stream = new EventSource("/events" + (since ? "?since=" + encodeURIComponent(since) : ""));
    // What could not be read, or had to wait for somebody at work, is tried once more.
    stream.addEventListener("tick", event => { hear(event); if (waiting.size) readAll(); });
    stream.addEventListener("hello", event => { hear(event); note(() => true, 0); });
    stream.addEventListener("reload", event => { hear(event); note(() => true, 0); });
    stream.addEventListener("change", event => { hear(event); note(part => fits(part, JSON.parse(event.data)), 1); });
    stream.addEventListener("again", () => { leave(); setTimeout(listen, 200 + Math.random() * 2000); });
    // The sign-in has ended or the page is locked: the next request leads where it has to.
    stream.addEventListener("ended", () => { leave(); location.reload(); });
    stream.addEventListener("error", () => {
      show();
      if (stream !== null && stream.readyState === EventSource.CLOSED) {
        leave();
        setTimeout(listen, 5000 + Math.random() * 5000);
      }
    });
  };
  const leave = () => {
    stream?.close();
    stream = null;
  };
  document.addEventListener("visibilitychange", () => document.hidden ? leave() : listen());
  addEventListener("pagehide", leave);
  addEventListener("pageshow", listen);
  listen();
})();
