import type { SignOutReason } from './lib/session/sign-out-reason.ts';

declare global {
  namespace App {
    interface PageState {
      /** For the sign-in page. */
      notice?: SignOutReason;
      /** The id of the task that is open beside the list. */
      sheet?: string;
    }
  }
}

export {};
