"use strict";

// Lets readers step through a figure. A box of the class "steps" holds a drawing whose groups have data-step, and after it one
// paragraph for each step, with whatever follows that paragraph. Without this script, and on paper, everything is shown.
for (const box of document.querySelectorAll(".steps")) {
  const groups = [...box.querySelectorAll("[data-step]")];
  const explanation = document.createElement("div");
  explanation.setAttribute("aria-live", "polite");
  const figure = box.querySelector("svg").parentElement;
  const parts = [];
  while (figure.nextElementSibling) {
    const element = figure.nextElementSibling;
    if (element.tagName === "P") parts.push([]);
    parts.at(-1).push(element);
    explanation.append(element);
  }
  const everything = parts.length + 1; // the position after the last step
  let position = 0;

  const controls = document.createElement("div");
  controls.className = "controls";
  const status = document.createElement("span");
  const addButton = (label, target) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => show(target()));
    controls.append(button);
    return button;
  };
  const back = addButton("← Back", () => position - 1);
  const next = addButton("Next →", () => position + 1);
  addButton("Show all", () => everything);
  controls.append(status);
  figure.after(controls, explanation);

  function show(target) {
    position = Math.max(0, Math.min(everything, target));
    for (const group of groups) mark(group, Number(group.dataset.step), (step) => step > position);
    parts.forEach((elements, index) => {
      for (const element of elements) mark(element, index + 1, (step) => step !== position && position < everything);
    });
    back.setAttribute("aria-disabled", position === 0); // "disabled" would take the keys away, too
    next.setAttribute("aria-disabled", position === everything);
    const place = position < everything ? `Step ${position} of ${parts.length}` : `All ${parts.length} steps`;
    status.textContent = position ? place : "Start: what is given. The arrow keys step, too.";
  }

  function mark(element, step, isHidden) {
    element.classList.toggle("hidden-step", isHidden(step));
    element.classList.toggle("current-step", step === position);
  }

  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Figure with steps: the left and right arrow keys go back and forth");
  box.addEventListener("keydown", (event) => {
    const targets = { ArrowLeft: position - 1, ArrowRight: position + 1, Home: 0, End: everything };
    if (!(event.key in targets) || event.altKey || event.ctrlKey || event.metaKey || event.target.closest(".math")) return;
    event.preventDefault();
    show(targets[event.key]);
  });
  show(0);
}
