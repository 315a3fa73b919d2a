export { type BrowserOptions, chromiumPath, launchBrowser } from "./browser.ts";
export { softwareGpu } from "./software-gpu.ts";
