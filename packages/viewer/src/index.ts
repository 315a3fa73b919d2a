export { type ServedViewer, type ServeOptions, serveViewer } from "./server/serve.ts";
export { type ExportSiteOptions, exportSite } from "./server/site.ts";
