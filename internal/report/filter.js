// Filters the cases of the page. Without this script all of them are listed and there are
// no controls.
(() => {
  const form = document.querySelector("form.filters");
  if (!form) return;
  const said = form.querySelector("[role=status]");
  const groups = [...document.querySelectorAll("details.cases")];
  const first = groups.map((g) => g.open);
  let later;

  const fits = (c, want) => {
    const kinds = c.dataset.kinds.split(" "), within = c.dataset.within.split(" ");
    if (want.kind && !kinds.includes(want.kind)) return false;
    if (want.slice && !within.includes(want.slice)) return false;
    if (!want.scorer) return true;
    const score = c.dataset.scores.split(";")[Number(want.scorer)].trim();
    if (score === "") return false; // ungraded is within no range
    return (want.from === "" || Number(score) >= Number(want.from)) && (want.to === "" || Number(score) <= Number(want.to));
  };

  const apply = () => {
    for (const name of ["from", "to"]) form.elements[name].disabled = !form.elements.scorer.value;
    const want = Object.fromEntries(new FormData(form)); // without what is disabled
    want.from ??= "";
    want.to ??= "";
    const any = want.kind || want.slice || want.scorer;
    let all = 0, left = 0;
    groups.forEach((g, i) => {
      let n = 0;
      for (const c of g.querySelectorAll("details.case")) {
        all++;
        c.hidden = !fits(c, want);
        if (!c.hidden) n++;
      }
      left += n;
      g.hidden = n === 0;
      g.open = any ? n > 0 : first[i];
      g.querySelector(".matching").textContent = any ? `, ${n} matching` : "";
    });
    const text = !any ? `All ${all} cases on this page.` : left ? `${left} of ${all} cases on this page match.` : `None of the ${all} cases on this page matches; the data may have others.`;
    clearTimeout(later); // told once a reader stops typing
    later = setTimeout(() => { said.textContent = text; }, 250);
  };

  form.addEventListener("input", apply);
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.hidden = false;
  apply();
})();
