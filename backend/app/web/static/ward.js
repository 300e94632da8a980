/* The entry row of a set: R opens it, Ctrl Enter saves, Esc closes it with what was typed kept; points while typing.
   The tables of the score come with the page, from the same place that the server scores by. */
"use strict";

(() => {
  const typing = target => target.closest("input, textarea, select, [contenteditable]") !== null;
  const number = words => {
    const plain = words.trim().replace(",", ".");
    return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
  };
  const points = (rows, value) => value === null ? null : rows.find(([highest]) => highest === null || value <= highest)[1];

  /* What each field says: its points, or null while it is empty, cannot be read or cannot be. */
  const of = (name, value, tables, rows = tables[name]) => {
    const [low, high] = tables.limits[name];
    return value === null || value < low || value > high ? null : points(rows, value);
  };
  const celsius = words => {
    const [, value, unit] = words.trim().match(/^([\d.,]+)\s*°?\s*([cCfF])?$/) ?? [null, "", ""];
    const plain = number(value);
    return plain !== null && /f/i.test(unit ?? "") ? (plain - 32) * 5 / 9 : plain;
  };
  const signs = {
    respiratory_rate: (words, tables) => of("respiratory_rate", round(number(words), 1), tables),
    spo2: (words, tables, form) => of("spo2", round(number(words), 1), tables, tables.spo2[scale(form)]),
    oxygen: (words, tables) => words.trim() ? (isAir(words) ? 0 : tables.oxygen) : null,
    blood_pressure: (words, tables) => of("blood_pressure", number(words.split(/[/\s-]/)[0]), tables),
    heart_rate: (words, tables) => of("heart_rate", round(number(words), 1), tables),
    consciousness: (words, tables) => words ? (words === "A" ? 0 : tables.not_alert) : null,
    temperature: (words, tables) => of("temperature", round(celsius(words), 10), tables),
  };
  const round = (value, tenth) => value === null ? null : Math.round(value * tenth + 1e-9) / tenth;
  const isAir = words => ["air", "a", "ra", "0"].includes(words.trim().toLowerCase());
  const scale = form => {
    if (form.dataset.scale !== "2") return "1";
    const oxygen = form.elements.oxygen.value.trim();
    return oxygen && !isAir(oxygen) ? "2oxygen" : "2";
  };
  const bands = [[7, "n-h", "High", "Emergency assessment by the team", "Save and call the team"],
    [5, "n-m", "Medium", "Urgent assessment", "Save and call"], [0, "", "Low", "", "Save"]];

  const score = form => {
    const tables = JSON.parse(form.dataset.tables);
    let total = 0;
    let red = false;
    let missing = 0;
    for (const [name, read] of Object.entries(signs)) {
      const field = form.elements[name];
      const got = read(field.value, tables, form);
      const shown = field.parentElement.querySelector(".pts");
      shown.className = "pts" + (got ? " s" + got : "");
      shown.textContent = got === null ? (field.value.trim() ? "check" : "") : got + (got === 1 ? " point" : " points");
      if (got === null) missing += 1;
      else { total += got; red ||= got === 3; }
    }
    const chip = form.querySelector("[data-total]");
    const [, kind, word, what, act] = bands.find(([from]) => total >= from);
    const single = !missing && total < 5 && red;
    chip.className = "news big " + (missing ? "n-x" : single ? "n-lm" : kind);
    chip.textContent = missing ? "n/a" : total;
    form.querySelector("[data-band]").textContent = missing ? "Incomplete" : single ? "A single 3" : word;
    form.querySelector("[data-what]").textContent = missing ? `${missing} of 7 not measured: no total.`
      : single ? "Urgent review by a ward-based doctor" : what || "Continue as usual";
    const save = form.querySelector("[data-save]");
    if (!save.dataset.words) save.dataset.words = save.textContent;
    save.textContent = missing || save.dataset.words !== "Save" ? save.dataset.words : act;
  };

  const prepare = root => {
    for (const form of root.querySelectorAll("[data-news]")) {
      if (form.dataset.ready) continue;
      form.dataset.ready = "yes";
      form.addEventListener("input", () => score(form));
      if ([...form.elements].some(each => each.dataset.sign && each.value)) score(form);
    }
  };

  /* A row that was closed stays: the next one names its fields apart, so that each label is its own field's. */
  const own = (entry, key) => {
    if (document.getElementById("f-spo2") === null) return entry;
    const names = ["id", "for", "aria-describedby"];
    for (const each of entry.querySelectorAll(names.map(name => `[${name}]`).join())) {
      for (const name of names.filter(name => each.hasAttribute(name))) {
        each.setAttribute(name, each.getAttribute(name).trim().split(/\s+/).map(word => `${word}-${key}`).join(" "));
      }
    }
    return entry;
  };
  /* Opens the row of a patient: what was closed before comes back as it was typed. */
  const open = async person => {
    const row = person.closest("tr");
    const kept = row.nextElementSibling;
    if (kept?.matches(".entry")) {
      kept.hidden = false;
    } else {
      const answer = await fetch(person.dataset.record.split("#")[0]).catch(() => null);
      if (answer === null || !answer.ok || answer.redirected) return void (location.href = person.dataset.record);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = page.getElementById(row.id)?.nextElementSibling;
      if (!made?.matches(".entry")) return void (location.href = person.dataset.record);
      for (const other of document.querySelectorAll("tr.entry:not([hidden])")) close(other);
      row.after(own(document.adoptNode(made), row.id));
      prepare(made);
    }
    row.classList.add("is-open");
    row.nextElementSibling.querySelector("[data-sign]").focus();
  };
  const close = entry => {
    const row = entry.previousElementSibling;
    entry.hidden = true;
    row.classList.remove("is-open");
    row.querySelector("a.person").focus();
  };

  document.addEventListener("keydown", event => {
    const form = event.target.closest("[data-news]");
    if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
      return;
    }
    if (form && event.key === "Escape" && form.closest("tr.entry")) return void close(form.closest("tr.entry"));
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key.toLowerCase() !== "r") return;
    const person = document.activeElement?.closest("tr")?.querySelector("a.person[data-record]")
      ?? document.querySelector("a.person[data-record]");
    if (person) { event.preventDefault(); open(person); }
    else document.querySelector("[data-news] [data-sign]")?.focus();
  });
  document.addEventListener("click", event => {
    const closing = event.target.closest("[data-close]");
    const entry = closing?.closest("tr.entry");
    if (entry) { event.preventDefault(); close(entry); }
  });
  document.addEventListener("live:read", event => prepare(event.target));
  prepare(document);
  document.querySelector("[data-news] [aria-invalid]")?.focus();
})();
