import type { SignOutReason } from './lib/session/sign-out-reason.ts';

declare global {
  namespace App {
    // What navigation may carry into the sign-in page, beside its address.
    interface PageState {
      notice?: SignOutReason;
    }
  }
}

export {};
