"use strict";
// The index of a folder of pages: a search in all pictures, which leads to their cards.
(() => {
  const by = id => document.getElementById(id);
  const fold = text => text.normalize("NFKC").toLowerCase();
  const [filter, onlyErrors, count, nothing, found, pages] =
    ["filter", "only-errors", "count", "nothing", "found", "pages"].map(by);
  const askings = [...document.querySelectorAll("[type=checkbox][data-asking]")];
  const index = JSON.parse(by("index").textContent);
  const rows = index.rows.map(([page, number, name, place, answers]) => ({
    href: `${index.pages}${String(page).padStart(4, "0")}.html#p${number}`,
    name,
    place,
    folded: fold(`${name}\n${place}`),
    answers: answers.map(([asking, failed, words]) => ({ asking, failed, words, folded: fold(words) })),
  }));
  const AT_ONCE = 100;
  let fitting = [];
  let words = [];

  const snippet = answer => {
    const line = answer.words.replace(/\s+/g, " ");
    const at = Math.max(0, ...words.map(word => fold(line).indexOf(word)));
    const start = at > 60 ? at - 40 : 0;
    return (start ? "…" : "") + line.slice(start, start + 180) + (line.length > start + 180 ? "…" : "");
  };
  const make = (name, text, className) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const row = ({ card, wanted }) => {
    const item = document.createElement("li");
    const link = make("a", "");
    link.href = card.href;
    link.append(make("bdi", card.name), card.place ? `, ${card.place}` : "");
    item.append(link);
    const best = wanted.find(one => words.some(word => one.folded.includes(word))) || wanted[0];
    const said = make("span", snippet(best), best.failed ? "error" : "");
    said.dir = "auto";
    item.append(" ", said);
    return item;
  };
  const more = make("button", "", "more");
  more.type = "button";
  const show = () => {
    const from = found.childElementCount;
    found.append(...fitting.slice(from, from + AT_ONCE).map(row));
    const left = fitting.length - found.childElementCount;
    more.hidden = left <= 0;
    more.textContent = `Show more (${left.toLocaleString("en")} left)`;
  };
  const narrow = () => {
    words = fold(filter.value).split(/\s+/).filter(Boolean);
    const asked = new Set(askings.filter(box => box.checked).map(box => Number(box.dataset.asking)));
    const isAll = !words.length && !onlyErrors?.checked && asked.size === askings.length;
    fitting = [];
    for (const card of isAll ? [] : rows) {
      const wanted = card.answers.filter(
        one => (!askings.length || asked.has(one.asking)) && (!onlyErrors?.checked || one.failed));
      const said = () => [card.folded, ...wanted.map(one => one.folded)];
      if (wanted.length && (!words.length || words.every(word => said().some(one => one.includes(word)))))
        fitting.push({ card, wanted });
    }
    const all = `${rows.length.toLocaleString("en")} pictures`;
    count.value = isAll ? all : `${fitting.length.toLocaleString("en")} of ${all}`;
    found.replaceChildren();
    found.hidden = !fitting.length;
    nothing.hidden = isAll || fitting.length > 0;
    pages.hidden = !isAll;
    show();
  };
  found.after(more);
  more.addEventListener("click", show);
  filter.form.hidden = false;
  filter.form.addEventListener("submit", event => event.preventDefault());
  filter.form.addEventListener("input", narrow);
  by("clear").addEventListener("click", () => {
    filter.value = "";
    if (onlyErrors) onlyErrors.checked = false;
    for (const box of askings) box.checked = true;
    narrow();
    filter.focus();
  });
  document.addEventListener("keydown", event => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input")) return;
    event.preventDefault();
    filter.focus();
  });
  narrow();
})();
