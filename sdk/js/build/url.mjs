/** `URL` and `URLSearchParams` for an engine without them. esbuild puts this into a bundle only where one of them is used. */

export { default as URL } from "core-js-pure/stable/url/index.js";
export { default as URLSearchParams } from "core-js-pure/stable/url-search-params/index.js";
