export { type BrowserOptions, chromiumPath, launchBrowser } from "./browser.ts";
