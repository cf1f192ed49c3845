"use strict";
// The cards of a page: filtered, folded, and opened larger.
(() => {
  const by = id => document.getElementById(id);
  // Accents composed, so that names from a Mac are found too.
  const fold = text => text.normalize("NFKC").toLowerCase();
  const text = (part, selector) => [...part.querySelectorAll(selector)].map(one => one.textContent).join("\n");
  const [filter, onlyErrors, onlyLooks, count, nothing] = ["filter", "only-errors", "only-looks", "count", "nothing"].map(by);
  const askings = [...document.querySelectorAll("[type=checkbox][data-asking]")];
  const cards = [...document.querySelectorAll(".card")].map(element => ({
    element,
    shares: Object.assign({}, ...[...element.querySelectorAll("[data-shares]")].map(one => JSON.parse(one.dataset.shares))),
    name: fold(text(element, ".path")),
    answers: [...element.querySelectorAll(".answer")].map(answer => ({
      element: answer,
      asking: answer.dataset.asking,
      failed: "failed" in answer.dataset,
      look: "look" in answer.dataset,
      words: fold(text(answer, ".s") + "\n" + text(answer, ".model")),
    })),
  }));

  const narrow = () => {
    const words = fold(filter.value).split(/\s+/).filter(Boolean);
    const asked = new Set(askings.filter(box => box.checked).map(box => box.dataset.asking));
    let shown = 0;
    for (const card of cards) {
      let said = card.name;
      let any = false;
      for (const answer of card.answers) {
        const wanted = (!askings.length || asked.has(answer.asking)) && (!onlyErrors?.checked || answer.failed)
          && (!onlyLooks?.checked || answer.look);
        answer.element.hidden = !wanted;
        for (const boxes of card.element.querySelectorAll(`.boxes > [data-asking="${answer.asking}"]`))
          boxes.toggleAttribute("hidden", !wanted);
        if (wanted) {
          any = true;
          said += "\n" + answer.words;
        }
      }
      const fits = any && words.every(word => said.includes(word));
      card.element.hidden = !fits;
      shown += fits;
    }
    const all = cards.length === 1 ? "1 picture" : `${cards.length.toLocaleString("en")} pictures`;
    count.value = shown === cards.length ? all : `${shown.toLocaleString("en")} of ${all}`;
    nothing.hidden = shown > 0 || !cards.length;
  };
  // Probabilities: pictures near a threshold are those to be looked at.
  const [shares, share, threshold, at, order, above] = ["shares", "share", "threshold", "at", "order", "above"].map(by);
  const names = [...new Set(cards.flatMap(card => Object.keys(card.shares)))];
  const sort = () => {
    const [name, value] = [share.value, Number(threshold.value)];
    const of = card => card.shares[name] ?? -1;
    const far = card => of(card) < 0 ? 2 : Math.abs(of(card) - value);
    const rank = { name: card => card.place, near: far, most: card => -of(card) }[order.value];
    const sorted = [...cards].sort((one, other) => rank(one) - rank(other) || one.place - other.place);
    cards[0].element.parentElement.append(...sorted.map(card => card.element));
    const told = cards.filter(card => of(card) >= 0);
    const over = told.filter(card => of(card) >= value).length;
    at.value = value.toFixed(2);
    above.value = `${over.toLocaleString("en")} at or above, ${(told.length - over).toLocaleString("en")} below`;
    for (const card of cards) card.element.classList.toggle("below", of(card) >= 0 && of(card) < value);
  };
  cards.forEach((card, place) => { card.place = place; });
  if (names.length) {
    for (const name of names) share.add(new Option(name));
    shares.hidden = false;
    for (const control of [share, threshold, order]) control.addEventListener("input", sort);
    sort();
  }

  const clear = () => {
    filter.value = "";
    for (const only of [onlyErrors, onlyLooks]) if (only) only.checked = false;
    for (const box of askings) box.checked = true;
    narrow();
    filter.focus();
  };
  const form = filter.form;
  form.hidden = false;
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("input", narrow);
  by("clear").addEventListener("click", clear);
  document.addEventListener("keydown", event => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, dialog")) return;
    event.preventDefault();
    filter.focus();
  });
  // A link to a card that the filter hides must still lead to it.
  document.addEventListener("click", event => {
    const link = event.target.closest("a[href^='#p']");
    if (link && by(link.hash.slice(1))?.hidden) clear();
  });

  for (const long of document.querySelectorAll(".text.long")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "more";
    const name = () => {
      const open = long.classList.contains("open");
      button.textContent = open ? "Show less" : "Show all of it";
      button.setAttribute("aria-expanded", open);
    };
    button.addEventListener("click", () => { long.classList.toggle("open"); name(); });
    name();
    long.after(button);
  }

  const [viewer, stage, large, caption, file] = ["viewer", "stage", "large", "caption", "file"].map(by);
  // Boxes lie on the picture, whatever its size is.
  const fit = () => {
    const boxes = stage.querySelector(".boxes");
    if (!boxes) return;
    boxes.style.width = `${large.clientWidth}px`;
    boxes.style.height = `${large.clientHeight}px`;
  };
  new ResizeObserver(fit).observe(large);
  const thumbs = () => [...document.querySelectorAll(".card:not([hidden]) button.thumb")];
  let current = null;
  const open = thumb => {
    current = thumb;
    const small = thumb.querySelector("img");
    large.dataset.kind = thumb.dataset.full ? "full" : "thumbnail";
    large.onerror = () => {
      large.onerror = null;
      large.dataset.kind = "thumbnail";
      large.src = small.src;
    };
    large.src = thumb.dataset.full || small.src;
    stage.querySelector(".boxes")?.remove();
    const boxes = thumb.querySelector(".boxes");
    if (boxes) stage.append(boxes.cloneNode(true));
    fit();
    large.alt = caption.textContent = thumb.closest(".card").querySelector(".path").textContent;
    file.href = thumb.dataset.file;
    const all = thumbs();
    by("before").disabled = all[0] === thumb;
    by("after").disabled = all.at(-1) === thumb;
    if (!viewer.open) viewer.showModal();
  };
  const turn = step => {
    const all = thumbs();
    const next = all[all.indexOf(current) + step];
    if (next) open(next);
  };
  document.addEventListener("click", event => {
    const thumb = event.target.closest("button.thumb");
    if (thumb) open(thumb);
  });
  by("close").addEventListener("click", () => viewer.close());
  by("before").addEventListener("click", () => turn(-1));
  by("after").addEventListener("click", () => turn(1));
  viewer.addEventListener("click", event => { if (event.target === viewer || event.target === stage) viewer.close(); });
  viewer.addEventListener("keydown", event => {
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });
  viewer.addEventListener("close", () => {
    large.removeAttribute("src");
    current.scrollIntoView({ block: "nearest" });
    current.focus();
  });
  // A browser keeps what was typed when a page is loaded again.
  narrow();
})();
