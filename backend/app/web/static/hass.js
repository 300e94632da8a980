/* What scripts add to pages that work without them: the palette, single keys, the focus after a swap. */
"use strict";

const typing = target => target.closest("input, textarea, select, [contenteditable]") !== null;

/* Command palette: Ctrl K or / anywhere, arrows, Enter, Esc. Patients are searched on the server. */
const palette = document.getElementById("palette");
const openPalette = palette ? preparePalette(palette) : null;

function preparePalette(dialog) {
  const box = dialog.querySelector("input");
  const found = dialog.querySelector("#palette-found");
  const heading = found.firstElementChild;
  // What may be done about the patient in view, as the banner lists it.
  const acts = dialog.querySelector("#palette-acts");
  const whose = document.querySelector("[data-acts]")?.dataset.acts ?? "";
  for (const way of document.querySelectorAll("[data-acts] a:not([aria-current])")) {
    const option = document.createElement("div");
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.id = `palette-act-${acts.childElementCount}`;
    option.dataset.go = way.getAttribute("href");
    option.textContent = `${way.textContent}: ${whose}`;
    acts.append(option);
  }
  const pages = [...dialog.querySelectorAll("#palette-acts [role=option], #palette-go [role=option]")];
  const shown = () => [...dialog.querySelectorAll("[role=option]:not([hidden])")];
  const none = dialog.querySelector("#palette-none");
  const nobody = none.textContent;
  let wait = 0;
  let asked = 0;

  const choose = option => {
    for (const each of dialog.querySelectorAll("[role=option]")) each.setAttribute("aria-selected", String(each === option));
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  };
  const showPatients = html => {
    found.innerHTML = html;
    found.prepend(heading);
    found.hidden = found.querySelector("[role=option]") === null;
    none.hidden = box.value.trim().length < 2 || shown().length > 0;
    choose(shown()[0]);
  };
  const search = async () => {
    const mine = ++asked;
    const words = box.value.trim();
    heading.textContent = words ? "Patients" : "Opened last";
    if (words.length === 1) return showPatients("");
    const ask = fetch("/patients/found?q=" + encodeURIComponent(words), { headers: { "HX-Request": "true" } });
    const answer = await ask.catch(() => null);
    connected(answer !== null);
    none.textContent = answer === null ? offline.textContent : nobody;
    if (answer === null) return showPatients("");
    if (mine !== asked) return; // A later letter has been typed: this answer is stale.
    if (answer.headers.has("HX-Redirect")) location.href = answer.headers.get("HX-Redirect");
    else if (answer.ok) showPatients(await answer.text());
  };
  const filter = () => {
    const words = box.value.trim().toLowerCase();
    // Those opened last go with the first letter, so that Enter never takes one of them for what was typed.
    if (words && heading.textContent !== "Patients") showPatients("");
    for (const page of pages) page.hidden = !page.textContent.toLowerCase().includes(words);
    for (const group of [acts, dialog.querySelector("#palette-go")])
      group.hidden = group.querySelector("[role=option]:not([hidden])") === null;
    choose(shown()[0]);
    clearTimeout(wait);
    wait = setTimeout(search, 120);
  };
  const go = option => { if (option) location.href = option.dataset.go; };

  box.addEventListener("input", filter);
  box.addEventListener("keydown", event => {
    const options = shown();
    const at = options.findIndex(option => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") { event.preventDefault(); choose(options[Math.min(at + 1, options.length - 1)]); }
    if (event.key === "ArrowUp") { event.preventDefault(); choose(options[Math.max(at - 1, 0)]); }
    if (event.key === "Enter") { event.preventDefault(); go(options[at]); }
  });
  dialog.addEventListener("click", event => {
    if (event.target === dialog) dialog.close(); // The veil behind the box.
    else go(event.target.closest("[role=option]"));
  });
  const open = () => {
    if (dialog.open) return;
    box.value = "";
    showPatients("");
    filter();
    dialog.showModal();
    box.focus();
  };
  for (const opener of document.querySelectorAll("[data-palette]"))
    opener.addEventListener("click", event => { event.preventDefault(); open(); });
  return open;
}

/* Single keys, off while typing. */
document.addEventListener("keydown", event => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && openPalette) {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || (palette && palette.open)) return;
  const field = document.querySelector("[data-find]");
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    return;
  }
  if (typing(event.target)) return;
  if (event.key === "/") {
    event.preventDefault();
    if (field) { field.focus(); field.select(); } else if (openPalette) openPalette();
  }
  if (event.key === "j" || event.key === "k") {
    const rows = [...document.querySelectorAll("[data-rows] a.person")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = event.key === "j" ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0);
    rows[next].focus();
    event.preventDefault();
  }
});

/* From the search box, the arrow down goes into the list. */
document.addEventListener("keydown", event => {
  if (event.key === "ArrowDown" && event.target.matches("[data-find]")) {
    const first = document.querySelector("[data-rows] a.person");
    if (first) { event.preventDefault(); first.focus(); }
  }
});

/* "Show 20 more" puts the focus on the first row that came. */
document.addEventListener("htmx:afterSwap", event => {
  const rows = event.detail.elt;
  if (rows && rows.matches && rows.matches("[data-first]")) rows.querySelector("a")?.focus();
});

/* An error of the server is shown where the answer would have stood, never as nothing at all. */
document.addEventListener("htmx:beforeSwap", event => {
  if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

/* Without a connection a line at the foot says so until an answer comes: what stands on the page is from before. */
const offline = document.createElement("p");
offline.className = "offline";
offline.setAttribute("role", "alert");
function connected(yes) {
  if (yes) offline.remove();
  else if (!offline.isConnected) {
    const since = new Date().toTimeString().slice(0, 5);
    offline.textContent = `No connection since ${since}. What stands here is from before; try again in a moment.`;
    document.body.append(offline);
  }
}
document.addEventListener("htmx:sendError", () => connected(false));
document.addEventListener("htmx:beforeOnLoad", () => connected(true));

/* A click outside closes the account menu. */
document.addEventListener("click", event => {
  for (const menu of document.querySelectorAll("details.menu[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});
