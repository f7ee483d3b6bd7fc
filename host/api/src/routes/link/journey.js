// What the pages of the journey do besides being pages. Each part stands alone and may be missing: without this file
// the same pages work in one window, one after the other.
"use strict";

/** The first element that fits, or null. */
const find = (selector) => document.querySelector(selector);

narrow(find("#search"));
reveal(document.querySelectorAll("input[type=password]"));
wait(find("#waiting"), find("#login"));
say(document.querySelectorAll("form[data-busy]"));

// The window has done what it was opened for. A browser closes only what a script has opened; else the page says it.
if (document.body.dataset.window === "over") window.close();

/** Narrows the list while somebody types. A list that the host has narrowed already is left to the host. */
function narrow(search) {
  const field = search?.querySelector("input");
  if (!field || field.value) return;
  const status = find("#found");
  const items = [...document.querySelectorAll("li[data-text]")];
  const groups = [...document.querySelectorAll("section[data-group]")];
  const left = () => items.filter((item) => !item.hidden);
  search.querySelector("button").hidden = true;
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const item of items) item.hidden = !item.dataset.text.includes(wanted);
    for (const group of groups) group.hidden = !group.querySelector("li:not([hidden])");
    const said = left().length ? status.dataset.found : status.dataset.none;
    status.textContent = wanted ? said.replace("%", left().length ? String(left().length) : field.value.trim()) : "";
  });
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    if (left().length === 1) left()[0].querySelector("a").click();
  });
}

/** Lets somebody see what they typed into a secret field. */
function reveal(fields) {
  for (const field of fields) {
    const button = document.createElement("button");
    const { show, hide } = field.dataset;
    button.type = "button";
    button.className = "reveal";
    button.textContent = show;
    button.setAttribute("aria-controls", field.id);
    button.addEventListener("click", () => {
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      button.textContent = shown ? show : hide;
    });
    field.after(button);
  }
}

/** Says that something is being checked, and takes a form once. */
function say(forms) {
  for (const form of forms) {
    const button = form.querySelector("button:not([type=button])");
    const label = button.textContent;
    form.addEventListener("submit", (event) => {
      // The other window was opened: this page waits, and the button may be needed again.
      if (form.target) return;
      if (button.getAttribute("aria-disabled") === "true") {
        event.preventDefault();
        return;
      }
      button.setAttribute("aria-disabled", "true");
      button.textContent = form.dataset.busy;
    });
    // Whoever comes back with the browser's own button finds the page as it was.
    window.addEventListener("pageshow", () => {
      button.removeAttribute("aria-disabled");
      button.textContent = label;
    });
  }
}

/** Opens the provider's pages in a window of their own, and goes on by itself when something came back. */
function wait(waiting, login) {
  // In a window that somebody's page has opened already, the provider's pages take its place.
  if (!waiting || !login || window.opener) return;
  const { state, journey, failures, title } = waiting.dataset;
  let timer = 0;
  login.addEventListener("submit", () => {
    const opened = window.open("", "patchbay-login", "popup,width=520,height=760");
    // Not allowed to: the provider's pages come in this window.
    if (!opened) return;
    const action = new URL(login.action);
    action.searchParams.set("window", "own");
    login.action = action.href;
    login.target = "patchbay-login";
    show();
  });
  find("#again").addEventListener("click", () => login.requestSubmit());

  function show() {
    const heading = find("h1");
    find("#ask").hidden = true;
    waiting.hidden = false;
    heading.textContent = document.title = title;
    heading.tabIndex = -1;
    heading.focus();
    clearTimeout(timer);
    timer = setTimeout(look, 1000);
  }

  async function look() {
    try {
      const answer = await fetch(state, { cache: "no-store", headers: { accept: "application/json" } });
      const over = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
      const now = answer.ok ? await answer.json() : { reached: "open", failures: Number(failures) };
      if (over || now.reached === "back" || now.failures !== Number(failures)) {
        location.replace(journey);
        return;
      }
    } catch {
      // No answer this time; the next one counts.
    }
    timer = setTimeout(look, 1000);
  }
}
