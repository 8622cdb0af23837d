export type Theme = 'system' | 'light' | 'dark';

const storedAs = 'taskwire.theme';

/** The chosen theme. /theme.js applies it before the first paint, under the same storage key. */
class ThemeChoice {
  #current = $state<Theme>(stored());

  get current(): Theme {
    return this.#current;
  }

  set current(theme: Theme) {
    this.#current = theme;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    try {
      localStorage.setItem(storedAs, theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }
}

function stored(): Theme {
  const theme = typeof document === 'undefined' ? undefined : document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export const theme = new ThemeChoice();
