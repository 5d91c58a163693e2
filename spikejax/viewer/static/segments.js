// A row of buttons of which one is pressed.

/** Fills an element with buttons; `choose(value)` is called on a press. Returns a function that shows
 *  which is pressed. */
export function segments(element, choices, choose) {
  const buttons = Object.entries(choices).map(([value, label]) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.dataset.value = value;
    button.addEventListener("click", () => choose(value));
    return button;
  });
  element.replaceChildren(...buttons);
  return (value) => {
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.value === value);
  };
}
