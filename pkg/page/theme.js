// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Follows the light or dark style chosen in Cockpit's shell. The shell marks only its own
// document, so each page looks the choice up. This script is not part of boot.js because a
// module runs after the first paint, which would flash white in a dark shell.

"use strict";

(() => {
    const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
    const prefersContrast = window.matchMedia("(prefers-contrast: more)");

    function chosenStyle() {
        try {
            return localStorage.getItem("shell:style") || "auto";
        } catch {
            // The browser refuses storage: the shell cannot have stored a choice either.
            return "auto";
        }
    }

    function apply(style) {
        const dark = style === "dark" || (style !== "light" && prefersDark.matches);
        const classes = document.documentElement.classList;
        classes.toggle("pf-v6-theme-dark", dark);
        classes.toggle("pf-v6-theme-high-contrast", prefersContrast.matches);
    }

    // Another document of the session chose: the shell, or a shell in another tab.
    window.addEventListener("storage", event => {
        if (event.key === "shell:style" || event.key === null)
            apply(chosenStyle());
    });
    // The shell says it to this document directly, before storage events arrive.
    window.addEventListener("cockpit-style", event => {
        apply(event instanceof CustomEvent && event.detail?.style || chosenStyle());
    });
    prefersDark.addEventListener("change", () => apply(chosenStyle()));
    prefersContrast.addEventListener("change", () => apply(chosenStyle()));

    apply(chosenStyle());
})();
