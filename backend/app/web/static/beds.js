/* The bed board by hand: drag a patient to a free bed, or M on a tile; without this, tiles are links and buttons. */
"use strict";

(() => {
  const drop = document.getElementById("drop");
  const goals = () => [...document.querySelectorAll("[data-goal]")];
  const tile = target => target.closest?.("[data-visit]");

  /* M on whoever lies in a bed; in a move the arrows go from bed to bed, Esc stops it. */
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const picked = tile(event.target);
    if (event.key === "m" && picked && drop) location.href = "/beds?move=" + picked.dataset.visit;
    const stop = document.querySelector("[data-cancel]");
    if (event.key === "Escape" && stop) location.href = stop.href;
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const choice = goals();
    if (!step || !choice.length) return;
    event.preventDefault();
    const at = choice.indexOf(document.activeElement);
    choice[at < 0 ? (step > 0 ? 0 : choice.length - 1) : (at + step + choice.length) % choice.length].focus();
  });
  if (!drop) return;

  /* Dragging: what is dragged holds the board still, and a free bed takes it. */
  const free = target => target.closest?.("[data-take]");
  let dragged = null;
  document.addEventListener("dragstart", event => {
    dragged = tile(event.target);
    if (!dragged) return;
    dragged.dataset.liveHold = "";
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.visit);
  });
  document.addEventListener("dragend", () => {
    if (dragged) delete dragged.dataset.liveHold;
    dragged = null;
    mark(null);
  });
  const mark = over => {
    for (const each of document.querySelectorAll("[data-take].picked")) if (each !== over) each.classList.remove("picked");
    over?.classList.add("picked");
  };
  document.addEventListener("dragover", event => {
    const over = dragged && free(event.target);
    mark(over);
    if (over) event.preventDefault();
  });
  document.addEventListener("drop", event => {
    const over = dragged && free(event.target);
    if (!over) return;
    event.preventDefault();
    drop.action = over.dataset.take;
    drop.elements.visit_id.value = dragged.dataset.visit;
    drop.submit();
  });
})();
