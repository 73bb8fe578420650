export { default } from "../vite.shared.ts";
