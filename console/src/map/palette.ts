import type { Theme } from '../theme.ts';

const LIGHT = ['#0f6d77', '#b8611a', '#5a58b0', '#4c7d2a', '#a83c69', '#2f7dbd', '#857011', '#75675a'];
const DARK = ['#46b3bf', '#e5964f', '#9a98ec', '#8cc25f', '#e27fa9', '#6fb2ec', '#cdb548', '#b3a496'];

/** The colour of a company; beyond eight companies colours repeat and the legend tells them apart by name. */
export function companyColour(index: number, theme: Theme): string {
  const colours = theme === 'dark' ? DARK : LIGHT;
  return colours[index % colours.length] as string;
}
