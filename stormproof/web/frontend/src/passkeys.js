// Says why a passkey did not work: without this the sign-in library only writes to the browser's console.
const REASONS = {
  NotAllowedError: "It was cancelled or took too long. Try again, or use another way.",
  InvalidStateError: "This device or key is set up already.",
  SecurityError: "Browsers allow passkeys only on https:// addresses and on http://localhost, not on a bare IP address.",
}

export function explainPasskeys() {
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault()
    const main = document.getElementById("main")
    document.getElementById("passkey-fault")?.remove()
    const box = document.createElement("div")
    box.id = "passkey-fault"
    box.className = "alert alert-danger"
    box.setAttribute("role", "alert")
    const why = window.isSecureContext && window.PublicKeyCredential ? REASONS[event.detail.exception?.name] : REASONS.SecurityError
    box.textContent = `The passkey did not work. ${why ?? event.detail.exception?.message ?? ""}`
    main.querySelector(".card, form").before(box)
  })
}
