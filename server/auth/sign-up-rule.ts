import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { Forbidden } from '../errors.ts';
import { hashOfSecret } from '../secrets.ts';
import type { SignUpMode } from './sign-up-mode.ts';

export interface NewAddress {
  email: string;
  /** Of the link of an invitation or an offer. */
  secret: string | null;
}

/**
 * The first account can be created in each mode. With `invited`, a link admits only the address that it was made for, so that it creates at most one account.
 *
 * @throws Forbidden
 */
export async function requireSignUp(
  db: Database | Transaction,
  mode: SignUpMode,
  address: NewAddress,
): Promise<void> {
  if (mode === 'open' || (await isFirstSignUp(db))) return;
  if (mode === 'closed')
    throw new Forbidden('Sign-ups are closed on this server. Ask its administrator for an account.');
  if (address.secret === null)
    throw new Forbidden('You need an invitation to sign up. Open the link that you were sent.');
  if (!(await isInvited(db, address.email, address.secret))) {
    throw new Forbidden(
      'This link is no longer valid, or was made for another email address. Use the address that was invited, or ask the sender for a new link.',
      undefined,
      { field: 'email' },
    );
  }
}

/** Whether no account exists yet. */
export async function isFirstSignUp(db: Database | Transaction): Promise<boolean> {
  return (await db.user.findFirst({ orderBy: { id: 'asc' }, select: { id: true } })) === null;
}

async function isInvited(db: Database | Transaction, email: string, secret: string): Promise<boolean> {
  const where = { email, secretHash: hashOfSecret(secret), expiresAt: { gt: new Date() } };
  const [invitations, offers] = await Promise.all([
    db.teamInvitation.count({ where }),
    db.shareOffer.count({ where }),
  ]);
  return invitations + offers > 0;
}
