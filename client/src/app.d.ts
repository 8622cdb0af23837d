import type { SignOutReason } from './lib/session/sign-out-reason.ts';

declare global {
  namespace App {
    // State that navigation can pass to the sign-in page.
    interface PageState {
      notice?: SignOutReason;
    }
  }
}

export {};
