// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Starts the compiled page. A file of its own because Cockpit's Content-Security-Policy allows
// no script within index.html.

const _ = text => globalThis.cockpit?.gettext(text) ?? text;

function paragraph(text) {
    const element = document.createElement("p");
    element.textContent = text;
    return element;
}

// Without the compiled page there are no components: this is plain HTML on purpose.
function showFailure(error) {
    const again = document.createElement("button");
    again.type = "button";
    again.className = "pf-v6-c-button pf-m-primary";
    again.textContent = _("Load again");
    again.addEventListener("click", () => window.location.reload());

    const failure = document.createElement("div");
    failure.id = "boot-failure";
    failure.className = "images-boot";
    failure.setAttribute("role", "alert");
    failure.append(
        paragraph(typeof WebAssembly === "undefined"
            ? _("This browser cannot show the Images page: it has WebAssembly switched off.")
            : _("The Images page could not be loaded.")),
        paragraph(String(error?.message ?? error)),
        again);
    document.getElementById("app").replaceChildren(failure);
}

try {
    const { default: start } = await import("./images_ui.js");
    await start({ module_or_path: new URL("images_ui_bg.wasm", import.meta.url) });
} catch (error) {
    console.error("failed to start the Images page:", error);
    showFailure(error);
}
