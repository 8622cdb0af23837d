import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from '@playwright/test';

const SYSTEM_BROWSERS = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/taskwire/', import.meta.url));

const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-pings',
  '--no-first-run',
  '--font-render-hinting=none',
];

/**
 * Starts a headless Chromium without background network requests: `BROWSER_PATH` if set, else Playwright's own, else an
 * installed one, else the one from the npm packages.
 * @throws if `BROWSER_PATH` names no file.
 */
export async function launchBrowser(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? [...QUIET, '--no-sandbox'] : QUIET;
  const chosen = process.env['BROWSER_PATH'];
  if (chosen) {
    if (!existsSync(chosen)) throw new Error(`BROWSER_PATH names no file: ${chosen}`);
    return chromium.launch({ executablePath: chosen, args });
  }
  try {
    return await chromium.launch({ args });
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("Executable doesn't exist"))) throw error;
  }
  const installed = SYSTEM_BROWSERS.find((path) => existsSync(path));
  if (installed) return chromium.launch({ executablePath: installed, args });

  const folder = await unpackedChromium();
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    args,
    env: { ...definedEnvironment(), FONTCONFIG_PATH: folder },
  });
}

/** The packaged Chromium with its fonts, unpacked once per version; safe for concurrent calls. */
async function unpackedChromium(): Promise<string> {
  const packageFile = new URL('../../node_modules/@sparticuz/chromium/package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
  const folder = join(CACHE, `chromium-${version}`);
  if (existsSync(folder)) return folder;

  await mkdir(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, 'unpacking-'));
  // The package unpacks below TMPDIR, and takes half-written files there for complete ones.
  const unpack = "await (await import('@sparticuz/chromium')).default.executablePath()";
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', unpack], {
    cwd: dirname(fileURLToPath(import.meta.url)),
    env: { ...process.env, TMPDIR: scratch },
  });
  await writeFile(join(scratch, 'fonts.conf'), fontConfiguration(join(folder, 'fonts', 'fonts'), folder));
  try {
    await rename(scratch, folder);
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * The packaged font for every generic name, so that screenshots are the same everywhere; the machine's fonts for rare
 * characters.
 */
function fontConfiguration(fonts: string, cache: string): string {
  const aliases = ['sans-serif', 'serif', 'monospace', 'system-ui', 'ui-sans-serif', 'ui-monospace'].map(
    (family) => `<alias><family>${family}</family><prefer><family>Open Sans</family></prefer></alias>`,
  );
  return [
    '<?xml version="1.0"?>',
    '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">',
    '<fontconfig>',
    `<dir>${fonts}</dir>`,
    '<dir>/usr/share/fonts</dir>',
    `<cachedir>${join(cache, 'font-cache')}</cachedir>`,
    ...aliases,
    '</fontconfig>',
    '',
  ].join('\n');
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
