/** Colours that people with any colour vision tell apart (Okabe and Ito, "Color universal design", 2008). */
export const okabeIto = {
  black: "#000000",
  orange: "#e69f00",
  skyBlue: "#56b4e9",
  green: "#009e73",
  yellow: "#f0e442",
  blue: "#0072b2",
  vermillion: "#d55e00",
  purple: "#cc79a7",
} as const;

/** The colours of everything in a figure that is not data. */
export const ink = {
  paper: "#ffffff",
  text: "#1b2430",
  muted: "#56616f",
  line: "#9aa5b1",
  grid: "#e4e8ed",
} as const;
