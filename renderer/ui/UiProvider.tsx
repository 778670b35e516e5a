// The outermost wrapper: theme, font and base styles. Everything of the console is drawn inside it.
import '@fontsource-variable/inter/index.css';
import './tokens.css';
import './base.css';
import { FluentProvider } from '@fluentui/react-components';
import { type ReactNode, useEffect, useState } from 'react';
import { titleClippedText } from './clipped-titles.ts';
import { fluentTheme, type ThemeName } from './theme.ts';

export type ThemeChoice = 'system' | ThemeName;

const dark = () => window.matchMedia('(prefers-color-scheme: dark)');
const contrast = () => window.matchMedia('(prefers-contrast: more)');

const resolve = (choice: ThemeChoice): ThemeName =>
  choice === 'system' ? (contrast().matches ? 'contrast' : dark().matches ? 'dark' : 'light') : choice;

/** Follows the system unless the administrator chose a theme. Forced colours of the system always win. */
export function UiProvider({ theme, children }: { theme: ThemeChoice; children: ReactNode }) {
  const [name, setName] = useState(() => resolve(theme));
  useEffect(() => {
    const update = () => setName(resolve(theme));
    update();
    const queries = [dark(), contrast()];
    for (const query of queries) query.addEventListener('change', update);
    return () => {
      for (const query of queries) query.removeEventListener('change', update);
    };
  }, [theme]);
  useEffect(() => {
    document.documentElement.dataset.theme = name;
  }, [name]);
  useEffect(() => titleClippedText(document), []);
  return (
    <FluentProvider theme={fluentTheme(name)} className="hf-provider">
      {children}
    </FluentProvider>
  );
}
