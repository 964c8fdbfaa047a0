"use strict";
// Search within the lists of claims on this page, and in the words of each that words.js holds. Without it the page only lacks the search field.
for (const form of document.querySelectorAll("[data-search]")) {
  const text = form.querySelector("input"), verdict = form.querySelector("select"), output = form.querySelector("output");
  const rows = [...document.querySelectorAll("[data-claims] tbody tr")];
  const words = rows.map((row) => `${row.textContent} ${Object.hasOwn(WORDS, row.dataset.claim) ? WORDS[row.dataset.claim] : ""}`.toLowerCase());
  const filter = () => {
    const wanted = text.value.toLowerCase().split(/[\s\\{}$]+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, place) => {
      const fits = (!verdict.value || row.dataset.verdict === verdict.value) && wanted.every((word) => words[place].includes(word));
      row.hidden = !fits;
      shown += fits;
    });
    for (const table of document.querySelectorAll("[data-claims]")) {
      const empty = !table.querySelector("tbody tr:not([hidden])");
      table.parentElement.hidden = empty;
      const heading = table.parentElement.previousElementSibling;
      if (heading && heading.tagName === "H3") heading.hidden = empty;
    }
    output.textContent = shown === rows.length ? `${rows.length} claims` : `${shown} of ${rows.length} claims`;
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  text.addEventListener("input", filter);
  verdict.addEventListener("change", filter);
}
