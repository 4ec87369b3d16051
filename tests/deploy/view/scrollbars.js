// The bundler hands a package of this old kind over as an object with a `default`; @grafana/ui expects the default itself.
export { Scrollbars as default } from "./node_modules/react-custom-scrollbars-2/lib/index.js";
